import { expect, test } from "vitest";
import { secondAccount, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const account = "http://127.0.0.1:10000/devstoreaccount1";
const other = "http://127.0.0.1:10000/devstoreaccount2";
const pair = (from: string) => ({ from, to: account, allow: ["hold-source"] });
const secure = {
  copies: { bytesPerSecond: 10_000 },
  environment: { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") },
  settings: { COPY_ALLOWED: JSON.stringify([pair(account), pair(other)]) },
};

/** A destination onto which another client's copy is pending, and its state before and during that copy. */
async function pendingCopy(stack: TestStack) {
  const target = await stack.upload("archive/film.mp4", "former");
  const former = await target.getProperties();
  await stack.clock.advance(60_000);
  const theirs = await stack.upload("inbox/theirs.mp4", Buffer.alloc(1_000_000));
  await target.beginCopyFromURL(theirs.url);
  await stack.clock.advance(20_000);
  return { target, former, pending: await target.getProperties() };
}

type Properties = Awaited<ReturnType<typeof pendingCopy>>["former"];
const iso = ({ lastModified }: Properties) => lastModified?.toISOString();

test.each<[string, (seen: { former: Properties; pending: Properties }) => object]>([
  ["ifMatch with the ETag before the pending copy", ({ former }) => ({ ifMatch: former.etag })],
  ["ifMatch with an ETag that it never had", () => ({ ifMatch: '"0x1"' })],
  ["ifNoneMatch *", () => ({ ifNoneMatch: "*" })],
  ["ifNoneMatch with its ETag", ({ pending }) => ({ ifNoneMatch: pending.etag })],
  ["ifUnmodifiedSince before it", ({ former }) => ({ ifUnmodifiedSince: iso(former) })],
  ["ifModifiedSince after it", () => ({ ifModifiedSince: "2999-01-01T00:00:00Z" })],
  ["ifTags that it does not have", () => ({ ifTags: "mine = 'yes'" })],
])(
  "ifBusy replace with %s fails with condition-not-met, and the other client's copy completes",
  async (_name, conditions) => {
    const stack = await startStack(secure);
    const { target, ...seen } = await pendingCopy(stack);
    const source = await stack.upload("inbox/mine.mp4", Buffer.alloc(10_000));
    const destinationConditions = conditions(seen);
    const options = { overwrite: "always", ifBusy: "replace", destinationConditions };
    const { id } = await stack.start({ source: source.url, destination: target.url, options });
    const end = await stack.untilEnded(id);
    expect(end).toMatchObject({ status: "failed", error: { cause: "condition-not-met" } });
    await expectUndisturbed(stack, target);
  },
);

test.each<[string, (pending: Properties) => object]>([
  ["ifMatch with the ETag of the pending copy", ({ etag }) => ({ ifMatch: etag })],
  ["ifUnmodifiedSince", (pending) => ({ ifUnmodifiedSince: iso(pending) })],
])(
  "ifBusy replace with %s, which no longer holds after an abort, waits for the other client's copy",
  async (_name, conditions) => {
    const stack = await startStack(secure);
    const { target, pending } = await pendingCopy(stack);
    const source = await stack.upload("inbox/mine.mp4", Buffer.alloc(10_000));
    const destinationConditions = conditions(pending);
    const options = { overwrite: "always", ifBusy: "replace", destinationConditions };
    const { id } = await stack.start({ source: source.url, destination: target.url, options });
    const end = await stack.untilEnded(id);
    expect(end).toMatchObject({ error: { cause: "condition-not-met" } });
    await expectUndisturbed(stack, target);
  },
);

/** The other client's copy is still pending, or has succeeded: nothing aborted it. */
async function expectUndisturbed(
  stack: TestStack,
  target: { getProperties(): Promise<Properties> },
) {
  const operations = stack.local.emulator.requests.map(({ operation }) => operation);
  expect(operations).not.toContain("AbortCopyBlob");
  await stack.clock.advance(200_000);
  expect(await target.getProperties()).toMatchObject({
    copyStatus: "success",
    contentLength: 1_000_000,
  });
}

type Source = { container: string; sas?: string; leased?: true; account?: typeof secondAccount };

test.each<[string, object, Partial<Source>, string]>([
  [
    "a source that another client leases",
    { sourceLease: "hold" },
    { leased: true },
    "source-leased",
  ],
  [
    "a source that it is not allowed to lease",
    { sourceLease: "hold" },
    { sas: "r" },
    "source-unauthorized",
  ],
  [
    "tags of a source that it is not allowed to read",
    { tags: "source" },
    { sas: "r" },
    "source-unauthorized",
  ],
  ["a source that it is not allowed to read", {}, { sas: "w" }, "source-unauthorized"],
])(
  "ifBusy replace with %s does not abort the other client's copy",
  async (_name, options, { sas, leased }, cause) => {
    const stack = await startStack(secure);
    const { target } = await pendingCopy(stack);
    const source = await stack.upload("inbox/mine.mp4", Buffer.alloc(10_000), secondAccount);
    if (leased === true) await source.getBlobLeaseClient().acquireLease(-1);
    const from = await stack.readSas(source, { permissions: sas ?? "rw" });
    const body = {
      source: from,
      destination: target.url,
      options: { overwrite: "always", ifBusy: "replace", ...options },
    };
    const { id } = await stack.start(body);
    expect(await stack.untilEnded(id)).toMatchObject({ status: "failed", error: { cause } });
    await expectUndisturbed(stack, target);
  },
);

test("ifBusy replace leases the source before it aborts the other client's copy, and releases it", async () => {
  const stack = await startStack(secure);
  const { target } = await pendingCopy(stack);
  const source = await stack.upload("inbox/mine.mp4", Buffer.alloc(10_000));
  const options = {
    overwrite: "always",
    ifBusy: "replace",
    sourceLease: "hold",
    destinationConditions: { ifMatch: "*" },
  };
  const { id } = await stack.start({ source: source.url, destination: target.url, options });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", residue: [] });
  const operations = stack.local.emulator.requests.map(({ operation }) => operation);
  const isOf = (operation: string) => /LeaseBlob|AbortCopyBlob/.test(operation);
  expect(operations.filter(isOf).slice(0, 2)).toEqual(["LeaseBlob", "AbortCopyBlob"]);
  expect(await source.getProperties()).toMatchObject({ leaseState: "available" });
});
