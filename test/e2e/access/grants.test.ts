import { AppendBlobClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * Goal: a pair allows reading its source and writing its destination, and nothing else. Options that change the source
 * or cannot be undone are granted by name.
 */

const place = (path: string) => `http://127.0.0.1:10000/devstoreaccount1/${path}`;
const day = 24 * 60 * 60_000;

const words = ["hold-source", "lock", "legal-hold", "seal"] as const;
type Word = (typeof words)[number];

/** Each option, a value that needs its word, and values that need none. */
const options: { option: string; word: Word; value: unknown; free: unknown[] }[] = [
  { option: "sourceLease", word: "hold-source", value: "hold", free: ["off"] },
  { option: "legalHold", word: "legal-hold", value: true, free: [false] },
  { option: "sealBlob", word: "seal", value: true, free: [false] },
  ...(["Unlocked", "Locked"] as const).map((mode) => ({
    option: "immutabilityPolicy",
    word: "lock" as const,
    value: { until: "2027-01-01T00:00:00Z", mode },
    free: [],
  })),
];

type Allow = readonly string[] | undefined;

function pair(allow: Allow, from = "inbox", to = "archive") {
  return { from: place(from), to: place(to), ...(allow === undefined ? {} : { allow }) };
}

async function startWith(pairs: object[], settings: Record<string, string> = {}) {
  const stack = await startStack({
    settings: { COPY_ALLOWED: JSON.stringify(pairs), COPY_ROUTES: "[]", ...settings },
    copies: { bytesPerSecond: 100 },
  });
  const source = await uploadAppendBlob(stack);
  const destination = stack.blob("archive/log").url;
  const post = (given: object, endpoints: object = { destination }) =>
    stack.call("POST", "/copies", { body: { source: source.url, ...endpoints, options: given } });
  return { stack, source, destination, post };
}

/** An append blob, so that every option applies to it. */
async function uploadAppendBlob(stack: TestStack) {
  const { url, credential } = await stack.upload("inbox/other", "x");
  const append = new AppendBlobClient(url.replace("other", "log"), credential);
  await append.create();
  await append.appendBlock("x".repeat(1_000), 1_000);
  return append;
}

const countStarts = ({ local }: TestStack) =>
  local.emulator.requests.filter(({ operation }) => operation === "CopyBlob").length;

test.each(options)(
  "without its word in the pair, $option $value is rejected with an error that names it, and nothing is started or leased",
  async ({ option, word, value, free }) => {
    for (const allow of [undefined, [], words.filter((each) => each !== word)]) {
      const { stack, source, post } = await startWith([pair(allow)]);
      const response = await post({ [option]: value });
      expect(response.status).toBe(403);
      expect(response.json).toMatchObject({
        type: "urn:ferry:problem:not-allowed",
        fix: expect.stringContaining('in the "allow" list of the pair'),
        errors: [{ pointer: `/options/${option}`, message: expect.stringContaining(`"${word}"`) }],
      });
      await stack.clock.settled();
      expect(countStarts(stack)).toBe(0);
      expect((await source.getProperties()).leaseState).toBe("available");
      await source.appendBlock("the owner still writes", 22);
      for (const value of free) expect((await post({ [option]: value })).status).toBe(202);
      await stack.close();
    }
  },
);

test.each(options)(
  "a pair with the word allows $option $value",
  async ({ option, word, value }) => {
    const { stack, post } = await startWith([pair([word])]);
    const { status, json } = await post({ [option]: value });
    expect(status).toBe(202);
    expect(await stack.untilEnded(json.id, 1)).toMatchObject({ status: "succeeded", residue: [] });
  },
);

test("all missing words are named at the same time", async () => {
  const { post } = await startWith([pair(["seal"])]);
  const all = Object.fromEntries(options.map(({ option, value }) => [option, value]));
  const { status, json } = await post(all);
  expect(status).toBe(403);
  expect(json.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
    "/options/sourceLease",
    "/options/immutabilityPolicy",
    "/options/legalHold",
  ]);
});

test("only the words of pairs that contain the copy apply", async () => {
  const pairs = [
    pair(["lock"]),
    pair(["seal"], "inbox/lo"), // a whole part of a name, so it does not contain "log"
    pair(["seal"], "inbox", "vault"),
    pair(["legal-hold"], "inbox/log", "archive/log"),
    pair(["hold-source"], "other", "archive"),
  ];
  const { post } = await startWith(pairs);
  const policy = { until: "2027-01-01T00:00:00Z", mode: "Unlocked" };
  expect((await post({ immutabilityPolicy: policy, legalHold: true })).status).toBe(202);
  for (const refused of [{ sealBlob: true }, { sourceLease: "hold" }]) {
    expect((await post({ ...refused, overwrite: "always" })).status).toBe(403);
  }
});

const route = {
  name: "films",
  source: place("inbox"),
  destination: place("vault/{path}"),
};

test("without any pair, a caller that names a route cannot add an option that cannot be undone", async () => {
  const { stack, post } = await startWith([], { COPY_ROUTES: JSON.stringify([route]) });
  const along = { route: "films" };
  const mallory = {
    immutabilityPolicy: { until: "9999-12-31T00:00:00Z", mode: "Locked" },
    legalHold: true,
    sourceLease: "hold",
    sealBlob: true,
  };
  const refused = await post({ ...mallory, metadata: { owner: "mallory" } }, along);
  expect(refused.status).toBe(403);
  expect(refused.json.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
    "/options/sourceLease",
    "/options/immutabilityPolicy",
    "/options/legalHold",
    "/options/sealBlob",
    "/options/immutabilityPolicy/until",
  ]);
  expect(refused.json.errors[0].message).toContain('the route "films"');
  for (const [option, value] of Object.entries(mallory)) {
    expect((await post({ [option]: value }, along)).status).toBe(403);
  }
  await stack.clock.settled();
  expect(countStarts(stack)).toBe(0);
});

test("a route grants only its own words, and its own options need them too", async () => {
  const granting = { ...route, allow: ["legal-hold"], options: { legalHold: true } };
  const { stack, post } = await startWith([], { COPY_ROUTES: JSON.stringify([granting]) });
  await stack.container("vault").create();
  const { status, json } = await post({}, { route: "films" });
  expect(status).toBe(202);
  expect(await stack.untilEnded(json.id, 1)).toMatchObject({ status: "succeeded" });
  expect((await stack.blob("vault/log").getProperties()).legalHold).toBe(true);
  expect((await post({ sealBlob: true }, { route: "films" })).status).toBe(403);
});

test("a route grants replacing a copy of another client only with the word `replace`", async () => {
  for (const allow of [[], ["hold-source", "lock", "legal-hold", "seal"], ["replace"]]) {
    const routes = JSON.stringify([{ ...route, allow }]);
    const { stack, source, post } = await startWith([], { COPY_ROUTES: routes });
    await stack.container("vault").create();
    await stack.blob("vault/log").beginCopyFromURL(source.url);
    const { copyId } = await stack.blob("vault/log").getProperties();
    const { status, json } = await post({ ifBusy: "replace" }, { route: "films" });
    await stack.clock.settled();
    const { copyId: now } = await stack.blob("vault/log").getProperties();
    if (allow.includes("replace")) {
      expect(status).toBe(202);
      expect(now).not.toBe(copyId);
    } else {
      expect(status).toBe(403);
      expect(json.errors).toEqual([
        { pointer: "/options/ifBusy", message: expect.stringContaining('needs "replace"') },
      ]);
      expect(now).toBe(copyId);
    }
    await stack.close();
  }
});

test("a pair grants replacing a copy of another client without a word", async () => {
  const { stack, source, post } = await startWith([pair([])]);
  await stack.blob("archive/log").beginCopyFromURL(source.url);
  const { copyId } = await stack.blob("archive/log").getProperties();
  const options = { ifBusy: "replace", overwrite: "always" };
  expect((await post(options)).status).toBe(202);
  await stack.clock.settled();
  expect((await stack.blob("archive/log").getProperties()).copyId).not.toBe(copyId);
});

test("a policy lasts ten years at most, to the millisecond", async () => {
  const { stack, post } = await startWith([pair(["lock"])]);
  const limit = stack.clock.now() + 3_653 * day;
  const until = (at: number | string) => ({
    overwrite: "always",
    immutabilityPolicy: {
      until: typeof at === "string" ? at : new Date(at).toISOString(),
      mode: "Locked",
    },
  });
  for (const late of ["9999-12-31T00:00:00Z", limit + 1, limit + 365 * day]) {
    const { status, json } = await post(until(late));
    expect(status).toBe(403);
    expect(json.errors).toEqual([
      {
        pointer: "/options/immutabilityPolicy/until",
        message: "is more than 3653 days from now, the maximum of COPY_MAX_LOCK_DAYS",
      },
    ]);
  }
  expect((await post(until(limit))).status).toBe(202);
});

test.each([
  ["1", 1],
  ["36525", 36_525],
])("COPY_MAX_LOCK_DAYS %s limits the length of a policy", async (setting, days) => {
  const { stack, post } = await startWith([pair(["lock"])], { COPY_MAX_LOCK_DAYS: setting });
  const policy = (ms: number) => ({
    immutabilityPolicy: { until: new Date(stack.clock.now() + ms).toISOString(), mode: "Locked" },
  });
  expect((await post(policy(days * day + 1))).status).toBe(403);
  expect((await post(policy(days * day))).status).toBe(202);
});
