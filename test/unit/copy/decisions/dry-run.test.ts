import { expect, test } from "vitest";
import { planDryRun } from "../../../../src/copy/decisions/dry-run.ts";
import { parseCopyRequest } from "../../../../src/copy/request/copy-request.ts";

const origins = { emulator: { blob: null, file: null }, external: ["https://files.example"] };
const blob = "https://acct1.blob.core.windows.net/inbox/film.mp4";
const otherBlob = "https://acct2.blob.core.windows.net/out/film.mp4";
const file = "https://acct1.file.core.windows.net/shelf/film.mp4";

function plan(source: string, destination: string, options: object = {}, canMint = true) {
  const parsed = parseCopyRequest({ source, destination, options }, origins);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return planDryRun(parsed.request, canMint);
}

test("a source in another account is read with a SAS that the app signs for it alone", () => {
  const { reads, mints } = plan(blob, otherBlob);
  expect(mints).toEqual([{ url: blob, permissions: "r", validDays: 7 }]);
  expect(reads[0]).toMatchObject({ url: blob, authorization: "minted-sas" });
});

test("a condition on tags needs a SAS that may filter by tags", () => {
  const { mints } = plan(blob, otherBlob, { sourceConditions: { ifTags: "a = 'b'" } });
  expect(mints).toMatchObject([{ permissions: "rt" }]);
});

test.each([
  ["of the destination's account", blob.replace("/inbox/", "/outbox/"), true, "app-identity"],
  ["that the identity cannot sign for, which must be public", otherBlob, false, "none"],
])("a source %s needs no minted SAS", (_, destination, canMint, authorization) => {
  const { reads, mints } = plan(blob, destination, {}, canMint);
  expect(mints).toEqual([]);
  expect(reads[0]).toMatchObject({ authorization });
});

const routed = blob.replace("acct1.blob", "acct1-internetrouting.blob").replace("film", "other");

test.each([
  ["another host of the account", blob, routed],
  ["the account's Files service", blob, file],
  ["the same service of files", file, file.replace("film", "other")],
  ["a destination with a SAS", blob, `${blob.replace("inbox", "outbox")}?sv=1&sp=rcwd&sig=x`],
])("one account is not enough to read the source with %s", (_, source, destination) => {
  expect(plan(source, destination).mints).toMatchObject([{ url: source }]);
});

test("a SAS in the request is used instead of a minted one", () => {
  const { reads, mints } = plan(`${blob}?sv=2026-02-06&sp=r&sig=x`, otherBlob);
  expect([reads[0]?.authorization, mints]).toEqual(["request-sas", []]);
});

test("a source outside Storage is read by Storage only", () => {
  const { reads, mints } = plan("https://files.example/film.mp4", otherBlob);
  expect(reads.map(({ url }) => url)).toEqual([otherBlob, otherBlob]);
  expect(mints).toEqual([]);
});

test("a file as the destination has no conditions, and gets only the properties that options name", () => {
  const { writes, conditions, notCarried } = plan(blob, file, { file: { attributes: "none" } });
  expect(writes.map(({ operation }) => operation)).toEqual([
    "Copy File",
    "Abort Copy File",
    "Delete File",
  ]);
  expect(conditions).toContain(
    "Azure Files has no conditional writes: Ferry reads the destination just before the copy",
  );
  const options = notCarried.map(({ option }) => option);
  expect(options).toContain("file.permission");
  expect(options).not.toContain("file.attributes");
});

test("a copy onto itself is made from a snapshot", () => {
  const { conditions, writes } = plan(blob, blob, { overwrite: "always" });
  expect(conditions).toContain("The copy is made from a snapshot of the blob itself");
  expect(writes.map(({ operation }) => operation)).toContain("Snapshot Blob");
});

test.each(["fail", "skip", "if-newer", "always"])(
  "overwrite %s has its own first condition",
  (overwrite) => {
    const [first = ""] = plan(blob, otherBlob, { overwrite }).conditions;
    expect(first).toMatch(
      {
        fail: /fails/,
        skip: /skipped$/,
        "if-newer": /older than the source/,
        always: /overwritten/,
      }[overwrite] ?? /^$/,
    );
  },
);
