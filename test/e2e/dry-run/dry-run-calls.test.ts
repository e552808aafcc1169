import { afterAll, beforeAll, expect, test } from "vitest";
import { planAndCopy } from "../../support/requests/dry-run-calls.ts";
import type { Facts } from "../../support/requests/dry-run-calls.ts";
import { secondAccount, openStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";
import { createStackFiles } from "../../support/stack/stack-files.ts";
import type { StackFiles } from "../../support/stack/stack-files.ts";

/*
 * Goal: a dry run names the calls that the copy makes. Method: for each kind of copy, compare the plan with the calls that
 * the emulator receives, by operation, URL and authorization, in both directions.
 */

let stack: TestStack;
let files: StackFiles;
beforeAll(async () => {
  stack = await openStack({
    secure: true,
    environment: { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") },
    copies: { bytesPerSecond: 1_000 },
  });
  files = createStackFiles(stack);
  for (const path of ["share/x", "shelf/x"]) await files.createFolders(path);
});
afterAll(() => stack.close());

const content = Buffer.alloc(10_000, "film");
let names = 0;

/** A source, without and with a SAS where the request has one. */
type Place = { url: string; request: string };

const blobSource = async (account?: string, { sas = false } = {}): Promise<Place> => {
  const blob = await stack.upload(`inbox/film ${names++}.mp4`, content, account);
  await blob.setTags({ a: "b" });
  return {
    url: blob.url,
    request: sas ? await stack.readSas(blob, { permissions: "rt" }) : blob.url,
  };
};
const fileSource = async (account?: string, { sas = false } = {}): Promise<Place> => {
  const file = await files.upload(`share/film ${names++}.mp4`, content, account);
  return { url: file.url, request: sas ? files.sas(file) : file.url };
};
const snapshotSource = async (): Promise<Place> => {
  const blob = await stack.upload(`inbox/film ${names++}.mp4`, content, secondAccount);
  const { snapshot = "" } = await blob.createSnapshot();
  const url = `${blob.url}?snapshot=${encodeURIComponent(snapshot)}`;
  return { url, request: url };
};

/** A destination; `fill` creates it, `occupy` starts a copy onto it that Ferry does not know. */
type Target = Place & { fill(): Promise<unknown>; occupy(from: string): Promise<unknown> };

const blobTarget = async ({ sas = false } = {}): Promise<Target> => {
  const blob = stack.blob(`archive/copy ${names++}.mp4`);
  return {
    url: blob.url,
    request: sas ? await stack.readSas(blob, { permissions: "rcwdt" }) : blob.url,
    fill: () => blob.uploadData(Buffer.from("former"), { tags: { former: "yes" } }),
    occupy: (from) => blob.beginCopyFromURL(from),
  };
};
const fileTarget = async ({ sas = false } = {}): Promise<Target> => {
  const file = files.file(`shelf/copy ${names++}.mp4`);
  return {
    url: file.url,
    request: sas ? files.sas(file, "rcwd") : file.url,
    fill: () => file.create(6),
    occupy: (from) => file.startCopyFromURL(from),
  };
};

type Ends = [string, () => Promise<Place>, () => Promise<Target>];
const ends: Ends[] = [
  ["a blob to a blob of its account", blobSource, blobTarget],
  ["a blob to a blob with a SAS", blobSource, () => blobTarget({ sas: true })],
  ["a blob of another account", () => blobSource(secondAccount), blobTarget],
  ["a blob with a SAS", () => blobSource(secondAccount, { sas: true }), blobTarget],
  ["a blob of its account with a SAS", () => blobSource(undefined, { sas: true }), blobTarget],
  ["a snapshot of another account", snapshotSource, blobTarget],
  ["a blob to a file of its account", blobSource, fileTarget],
  ["a blob to a file with a SAS", blobSource, () => fileTarget({ sas: true })],
  ["a file to a file of its account", fileSource, fileTarget],
  ["a file with a SAS to a file", () => fileSource(undefined, { sas: true }), fileTarget],
  ["a file to a blob of its account", fileSource, blobTarget],
  ["a file of another account to a blob", () => fileSource(secondAccount), blobTarget],
];

type Variant = [string, object, Facts, { on?: RegExp }?];
const blobsOnly = { on: /^a blob(?!.* to a file)/ };
const always = { overwrite: "always" };
const variants: Variant[] = [
  ["onto nothing", {}, {}],
  ["onto nothing, aborted", {}, { aborted: true }],
  ["onto what exists, aborted", always, { exists: true, aborted: true }],
  ["in place of a copy", { ...always, ifBusy: "replace" }, { exists: true, busy: true }],
  ["with tags", { tags: "source" }, {}, blobsOnly],
  ["with a condition on tags", { sourceConditions: { ifTags: "a = 'b'" } }, {}, blobsOnly],
];
const secured: Variant[] = [
  ["with a lease", { sourceLease: "hold" }, {}],
  ["with a lease, aborted", { sourceLease: "hold" }, { aborted: true }],
  ["with rollback", { ...always, rollback: "snapshot" }, { exists: true }],
  ["with rollback, onto nothing", { ...always, rollback: "snapshot" }, {}],
  [
    "with rollback, aborted",
    { ...always, rollback: "snapshot", sourceLease: "hold" },
    { exists: true, aborted: true },
  ],
];

const cases = ends.flatMap(([name, ...end]) =>
  [...variants, ...(end[1] === blobTarget && end[0] === blobSource ? secured : [])]
    .filter(([, , , { on = / / } = {}]) => on.test(name))
    .map(([what, options, facts]) => [name, what, { end, options, facts }] as const),
);

test.each(cases)(
  "the calls for %s, %s, match its dry run",
  async (_, __, { end, options, facts }) => {
    const [createSource, createTarget] = end;
    const source = await createSource();
    const target = await createTarget();
    if (facts.exists === true) await target.fill();
    if (facts.busy === true) {
      await target.occupy((await blobSource(undefined, { sas: true })).request);
    }
    const request = { source: source.request, destination: target.request, options };
    const { planned, made } = await planAndCopy(stack, request, { facts, source: source.url });
    expect(made).toEqual(planned);
  },
);

test.each([
  ["that succeeds", {}],
  ["that is aborted", { aborted: true }],
])("the calls of a copy onto itself %s match its dry run", async (_, ended) => {
  const { url } = await blobSource();
  const request = { source: url, destination: url, options: { overwrite: "always", tier: "Cool" } };
  const facts = { exists: true, ...ended };
  const { planned, made } = await planAndCopy(stack, request, { facts, source: url });
  expect(made).toEqual(planned);
});
