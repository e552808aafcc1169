import { expect, test } from "vitest";
import { optionsOff } from "../../../../src/copy/request/copy-options.ts";
import { parseCopyRequest } from "../../../../src/copy/request/copy-request.ts";
import { optionRules } from "../../../../src/copy/request/option-rules.ts";

const origins = {
  emulator: { blob: null, file: null },
  external: ["https://example.com"],
};

const urls = {
  blob: "https://acct1.blob.core.windows.net/inbox/a",
  file: "https://acct1.file.core.windows.net/inbox/a",
  external: "https://example.com/a",
};
type From = keyof typeof urls;
type To = Exclude<From, "external">;

function parse(from: string, to: string, options: object) {
  const source = from in urls ? urls[from as From] : from;
  const destination = (to in urls ? urls[to as To] : to).replace("/inbox/", "/outbox/");
  return parseCopyRequest({ source, destination, options }, origins);
}

function problems(from: string, to: string, options: object) {
  const parsed = parse(from, to, options);
  return parsed.ok ? [] : parsed.problems.map(({ pointer, message }) => `${pointer} ${message}`);
}

/** Every option with a value other than its default, and the options that it requires. */
const given: Record<string, { value: unknown; with?: object }> = {
  overwrite: { value: "if-newer" },
  ifBusy: { value: "wait" },
  rollback: { value: "snapshot", with: { overwrite: "always" } },
  tier: { value: "Cool" },
  rehydratePriority: { value: "High", with: { tier: "Hot" } },
  metadata: { value: { a: "b" } },
  tags: { value: { a: "b" } },
  sealBlob: { value: true },
  immutabilityPolicy: { value: { until: "2027-01-01T00:00:00Z", mode: "Unlocked" } },
  legalHold: { value: true },
  sourceConditions: { value: { ifMatch: '"0x1"' } },
  destinationConditions: { value: { ifNoneMatch: "0x1" } },
  sourceLease: { value: "hold" },
  destinationLease: {
    value: "5e1a9a36-22dc-4cbb-a3b2-1e4e3bd4a9f1",
    with: { overwrite: "always" },
  },
  file: { value: { setArchive: true } },
};

test("every option has a test value here, so none is missing below", () => {
  expect(Object.keys(given).toSorted()).toEqual(Object.keys(optionsOff).toSorted());
});

const directions: [From, To][] = [
  ["blob", "blob"],
  ["file", "blob"],
  ["external", "blob"],
  ["blob", "file"],
  ["file", "file"],
];

test.each(directions)(
  "from %s to %s only applicable options are accepted, and all others are named",
  (from, to) => {
    for (const [option, { value, with: beside }] of Object.entries(given)) {
      const found = problems(from, to, { ...beside, [option]: value });
      const misfits = optionRules.filter(
        (rule) =>
          rule.option === option &&
          (!("value" in rule) || rule.value === value) &&
          (rule.source?.includes(from) === false || rule.destination?.includes(to) === false),
      );
      if (misfits.length === 0) expect([option, found]).toEqual([option, []]);
      else expect(found.join("\n"), option).toMatch(`/options/${option} does not apply`);
    }
  },
);

test.each<[From, To, object, string]>([
  // A row for each header that the REST pages do not allow in a direction.
  ["file", "blob", { sourceConditions: { ifMatch: "x" } }, "/options/sourceConditions"],
  ["external", "blob", { sourceConditions: { ifMatch: "x" } }, "/options/sourceConditions"],
  ["external", "blob", { overwrite: "if-newer" }, "/options/overwrite"],
  ["external", "blob", { tags: "source" }, "/options/tags"],
  ["external", "blob", { sourceLease: "hold" }, "/options/sourceLease"],
  ["file", "blob", { tags: "source" }, "/options/tags"],
  ["file", "blob", { sealBlob: true }, "/options/sealBlob"],
  ["blob", "blob", { file: { setArchive: true } }, "/options/file"],
  ["blob", "file", { tier: "Cool" }, "/options/tier"],
  ["blob", "file", { tags: { a: "b" } }, "/options/tags"],
  ["blob", "file", { legalHold: true }, "/options/legalHold"],
  ["blob", "file", { overwrite: "always", rollback: "snapshot" }, "/options/rollback"],
  ["file", "file", { destinationConditions: { ifMatch: "x" } }, "/options/destinationConditions"],
  ["blob", "file", { file: { permission: "source" } }, "/options/file/permission"],
  ["blob", "file", { file: { attributes: "source" } }, "/options/file/attributes"],
  ["blob", "file", { file: { creationTime: "source" } }, "/options/file/creationTime"],
  ["blob", "file", { file: { mode: "source" } }, "/options/file/mode"],
])("from %s to %s, %o is rejected at %s", (from, to, options, pointer) => {
  expect(problems(from, to, options).join("\n")).toMatch(`${pointer} `);
});

test.each<[object, string]>([
  [{ overwrite: "skip", ifBusy: "replace" }, "/options/ifBusy"],
  [{ rollback: "snapshot" }, "/options/rollback"],
  [{ destinationLease: "5e1a9a36-22dc-4cbb-a3b2-1e4e3bd4a9f1" }, "/options/destinationLease"],
  [{ destinationConditions: { ifMatch: "x" } }, "/options/destinationConditions/ifMatch"],
  [{ rehydratePriority: "High" }, "/options/rehydratePriority"],
  [{ rehydratePriority: "High", tier: "Archive" }, "/options/rehydratePriority"],
  [{ sourceConditions: { ifMatch: "x", ifNoneMatch: '"x"' } }, "/options/sourceConditions/ifNone"],
  [
    {
      sourceConditions: {
        ifModifiedSince: "2026-01-02T00:00:00Z",
        ifUnmodifiedSince: "2026-01-01T00:00:00Z",
      },
    },
    "/options/sourceConditions/ifUnmodifiedSince",
  ],
])("%o contradicts itself and is rejected at %s", (options, pointer) => {
  expect(problems("blob", "blob", options).join("\n")).toMatch(pointer);
});

test("options for SMB shares and for NFS shares are mutually exclusive", () => {
  const file = { attributes: ["Archive"], mode: "0644" };
  expect(problems("file", "file", { file })).toEqual([
    "/options/file has attributes, which only SMB shares support, and mode, which only NFS shares support",
  ]);
});

test.each<[object, string]>([
  [{ tier: "Freezing" }, "/options/tier"],
  [{ tier: "P5" }, "/options/tier"],
  [{ rehydratePriority: "Low", tier: "Hot" }, "/options/rehydratePriority"],
  [{ tags: "all" }, "/options/tags"],
  [{ tags: {} }, "/options/tags"],
  [{ tags: { "a?": "b" } }, "/options/tags/(name not shown)"],
  [{ tags: { a: 1 } }, "/options/tags/a"],
  [{ tags: { a: "x".repeat(257) } }, "/options/tags/a"],
  [
    { tags: Object.fromEntries("a b c d e f g h i j k".split(" ").map((n) => [n, "x"])) },
    "/options/tags",
  ],
  [{ sealBlob: "yes" }, "/options/sealBlob"],
  [{ immutabilityPolicy: { until: "tomorrow", mode: "Locked" } }, "/options/immutabilityPolicy/un"],
  [{ immutabilityPolicy: { until: "2027-01-01T00:00:00Z" } }, "/options/immutabilityPolicy/mode"],
  [{ sourceConditions: { ifMatch: "a b" } }, "/options/sourceConditions/ifMatch"],
  [{ sourceConditions: { ifModifiedSince: "2026-02-30T00:00:00Z" } }, "/options/sourceConditions"],
  [{ sourceConditions: { ifTags: " " } }, "/options/sourceConditions/ifTags"],
  [{ sourceConditions: { ifRange: "x" } }, "/options/sourceConditions/ifRange"],
  [{ sourceConditions: { ifMatch: '"x' } }, "/options/sourceConditions/ifMatch"],
  [{ sourceConditions: { ifNoneMatch: 'x"' } }, "/options/sourceConditions/ifNoneMatch"],
  [{ overwrite: "always", destinationLease: "mine" }, "/options/destinationLease"],
  [{ sourceLease: "take" }, "/options/sourceLease"],
])("%o is rejected at %s", (options, pointer) => {
  expect(problems("blob", "blob", options).join("\n")).toContain(pointer);
});

test.each(
  ["sourceConditions", "destinationConditions"].flatMap((side) =>
    ["ifMatch", "ifNoneMatch", "ifTags"].map((field) => [side, field] as const),
  ),
)("a SAS in %s.%s is rejected, and is not part of the problem", (side, field) => {
  for (const text of ["https://x.example/c/b?sv=1&sig=SECRET", "sig=SECRET", "x%3Fsig%3DSECRET"]) {
    const found = problems("blob", "blob", { overwrite: "always", [side]: { [field]: text } });
    expect(found).toEqual([
      expect.stringMatching(`^/options/${side}/${field}:? .*must not contain a SAS`),
    ]);
    expect(found.join()).not.toContain("SECRET");
  }
});

test.each<[object, string]>([
  [{ permission: { sddl: "" } }, "/options/file/permission"],
  [{ permission: { sddl: "a", key: "b" } }, "/options/file/permission"],
  [{ permission: { binary: "no base64!" } }, "/options/file/permission"],
  [{ permission: { sddl: "x".repeat(8_193) } }, "/options/file/permission"],
  [{ attributes: [] }, "/options/file/attributes"],
  [{ attributes: ["None"] }, "/options/file/attributes"],
  [{ attributes: "Archive" }, "/options/file/attributes"],
  [{ creationTime: "now" }, "/options/file/creationTime"],
  [{ lastWriteTime: "2026-11-20" }, "/options/file/lastWriteTime"],
  [{ changeTime: 5 }, "/options/file/changeTime"],
  [{ owner: { user: "1000" } }, "/options/file/owner"],
  [{ owner: { user: "root", group: "0" } }, "/options/file/owner"],
  [{ mode: "644" }, "/options/file/mode"],
  [{ mode: "0888" }, "/options/file/mode"],
  [{ compression: true }, "/options/file/compression"],
])("the file options %o are rejected at %s", (file, pointer) => {
  expect(problems("file", "file", { file }).join("\n")).toContain(pointer);
});

test("a copy of a blob onto itself uses a snapshot, and requires permission to overwrite", () => {
  const copyOnto = (options: object) =>
    parseCopyRequest({ source: urls.blob, destination: urls.blob, options }, origins);
  expect(copyOnto({ overwrite: "always" })).toMatchObject({
    ok: true,
    request: { options: { rollback: "snapshot" } },
  });
  expect(copyOnto({})).toMatchObject({ problems: [{ pointer: "/options/overwrite" }] });
  expect(copyOnto({ overwrite: "always", sourceLease: "hold" })).toMatchObject({
    problems: [{ pointer: "/options/sourceLease" }],
  });
});

test("a file cannot be copied onto itself, however its name is written", () => {
  const destination = urls.file.replace(/a$/, "A");
  const body = { source: urls.file, destination, options: { overwrite: "always" } };
  expect(parseCopyRequest(body, origins)).toMatchObject({
    problems: [{ pointer: "/destination", message: expect.stringContaining("itself") }],
  });
});

test("a blob or file cannot be copied from its own secondary; a snapshot there can", () => {
  const options = { overwrite: "always" };
  for (const destination of [urls.blob, urls.file]) {
    const source = destination.replace(".", "-secondary.");
    expect(parseCopyRequest({ source, destination, options }, origins)).toMatchObject({
      problems: [
        {
          pointer: "/source",
          message: expect.stringContaining("secondary replica of the destination"),
        },
      ],
    });
    const other = { source: `${source}2`, destination, options };
    expect(parseCopyRequest(other, origins)).toMatchObject({ ok: true });
  }
  const source = `${urls.blob.replace(".", "-secondary.")}?snapshot=2026-11-20T12:00:00.0000000Z`;
  expect(parseCopyRequest({ source, destination: urls.blob, options }, origins)).toMatchObject({
    ok: true,
  });
});

test("a snapshot can be promoted over its own base blob", () => {
  const source = `${urls.blob}?snapshot=2026-11-20T12:00:00.0000000Z`;
  const body = { source, destination: urls.blob, options: { overwrite: "always" } };
  expect(parseCopyRequest(body, origins)).toMatchObject({
    ok: true,
    request: { options: { rollback: "off" } },
  });
});

test("a snapshot or version is not leased, because neither can change", () => {
  for (const query of ["snapshot", "versionid"]) {
    const source = `${urls.blob}?${query}=2026-11-20T12:00:00.0000000Z`;
    expect(problems(source, "blob", { sourceLease: "hold" })).toEqual([
      expect.stringMatching("/options/sourceLease does not apply to a (snapshot|version)"),
    ]);
  }
});

test("the problems of all options are reported together", () => {
  const found = problems("external", "file", {
    overwrite: "if-newer",
    tier: "Cool",
    legalHold: true,
    file: { attributes: "source", mode: "0644", x: 1 },
    tags: { a: 1 },
  });
  expect(found.map((problem) => problem.replace(/ .*/, "")).toSorted()).toEqual([
    "/options/file/x",
    "/options/legalHold",
    "/options/overwrite",
    "/options/tags",
    "/options/tags/a",
    "/options/tier",
  ]);
});
