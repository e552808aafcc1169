import { expect, test } from "vitest";
import { manage, readLedger } from "../../support/stack/ledger-blobs.ts";
import { hour, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* Goal: after DELETE, the ledger contains no URL and no name of the copy, however the copy ended. */

const canary = "canary";
const film = Buffer.alloc(1_000_000, "film");
const slowly = { bytesPerSecond: 10_000 };

type Case = {
  how: string;
  status: string;
  cause?: string;
  options?: object;
  /** The destination's content before the copy. */
  older?: string;
  prepare?(stack: TestStack): Promise<unknown>;
  copies?: object;
  /** Runs before the copy is deleted. */
  act?(stack: TestStack, id: string): Promise<unknown>;
  body?(stack: TestStack): object;
};

const abort = (stack: TestStack, id: string) => stack.call("POST", `/copies/${id}/abort`);
const blob = (stack: TestStack, name = `archive/${canary}`) => stack.blob(name).url;

const cases: Case[] = [
  { how: "succeeded", status: "succeeded" },
  { how: "was skipped", status: "skipped", older: "x", options: { overwrite: "skip" } },
  { how: "was aborted", status: "aborted", copies: slowly, act: abort },
  {
    how: "was aborted, with residue",
    status: "aborted",
    copies: slowly,
    older: "x",
    options: { overwrite: "always" },
    act: abort,
  },
  { how: "found its destination", status: "failed", cause: "destination-exists", older: "x" },
  {
    how: "did not find its source",
    status: "failed",
    cause: "source-not-found",
    body: (stack) => ({ source: blob(stack, `inbox/${canary}-2`), destination: blob(stack) }),
  },
  {
    how: "did not find its container",
    status: "failed",
    cause: "destination-not-found",
    body: (stack) => ({
      source: blob(stack, `inbox/${canary}`),
      destination: blob(stack, `nowhere/${canary}`),
    }),
  },
  {
    how: "did not meet a condition",
    status: "failed",
    cause: "condition-not-met",
    options: { sourceConditions: { ifMatch: '"0x1"' } },
  },
  {
    how: "found its destination leased",
    status: "failed",
    cause: "destination-leased",
    older: "x",
    options: { overwrite: "always" },
    prepare: (stack) => stack.blob(`archive/${canary}`).getBlobLeaseClient().acquireLease(-1),
  },
  {
    how: "another client aborted",
    status: "failed",
    cause: "superseded",
    copies: slowly,
    async act(stack, id) {
      const { copyId } = await stack.get(id);
      await stack.blob(`archive/${canary}`).abortCopyFromURL(copyId);
    },
  },
];

test.each(cases)("the DELETE of a copy that $how leaves no name in the ledger", async (wanted) => {
  const stack = await startStack({ copies: wanted.copies ?? { finishOnStart: "always" } });
  const source = await stack.upload(`inbox/${canary}`, film);
  await stack.container("archive").createIfNotExists();
  if (wanted.older !== undefined) await stack.upload(`archive/${canary}`, wanted.older);
  await wanted.prepare?.(stack);
  const places = wanted.body?.(stack) ?? { source: source.url, destination: blob(stack) };
  const options = { metadata: { note: canary }, ...wanted.options };
  const { id } = await stack.start({ ...places, options }, { "idempotency-key": "k" });
  await wanted.act?.(stack, id);
  const { status, cause } = wanted;
  const ended = await stack.untilEnded(id);
  expect(ended).toMatchObject({ status, error: cause === undefined ? null : { cause } });
  const before = await readLedger(stack);
  expect([...before.values()].join()).toContain(canary);
  expect((await stack.call("DELETE", `/copies/${id}`)).status).toBe(204);
  const left = await readLedger(stack);
  expect([...left.keys()].map((name) => name.split("/")[0])).toEqual(["claims", "records"]);
  expect([...left.values()].join()).not.toContain(canary);
  // The record keeps the status, the cause and the times.
  const [record = ""] = [...left].flatMap(([name, text]) =>
    name.startsWith("records/") ? [text] : [],
  );
  for (const text of [status, cause ?? status, ended.completedAt]) expect(record).toContain(text);
});

test("the DELETE of a copy that was terminated in the queue removes it from the queue, and leaves no name", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1 } });
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4").url;
  const first = await stack.start({ source: source.url, destination });
  const other = await stack.upload(`inbox/${canary}`, film);
  const options = { ifBusy: "wait", overwrite: "always" };
  const key = { "idempotency-key": "k" };
  const request = { source: other.url, destination, options };
  const { id } = await stack.start(request, key);
  await stack.clock.advance(5_000);
  await manage(stack, id, "terminate");
  await stack.clock.settled();
  const waiters = async () =>
    [...(await readLedger(stack)).keys()].filter((name) => name.includes("/waiters/"));
  expect(await waiters()).toHaveLength(1);
  expect(await stack.get(id)).toMatchObject({ status: "failed", error: { cause: "internal" } });
  expect((await stack.call("DELETE", `/copies/${id}`)).status).toBe(204);
  expect(await waiters()).toEqual([]);
  const left = [...(await readLedger(stack))].filter(([name]) => !name.startsWith("locks/"));
  const others = left.filter(([name]) => !name.endsWith(first.id));
  expect(others.map(([, text]) => text).join()).not.toMatch(/canary|film/);
  const again = await stack.call("POST", "/copies", { body: request, headers: key });
  expect(again.status).toBe(410);
});

test("the DELETE of a copy that was terminated before its first step leaves no name in the ledger", async () => {
  const stack = await startStack({ copies: { finishOnStart: "always" } });
  const source = await stack.upload(`inbox/${canary}`, film);
  const allow = stack.local.emulator.faults.add({
    operation: "PutBlob",
    match: ({ target }) => target.includes("ferry-ledger/locks/"),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  const body = { source: source.url, destination: blob(stack) };
  const { id } = await stack.start(body);
  await manage(stack, id, "terminate");
  await stack.clock.settled();
  allow();
  expect((await stack.call("DELETE", `/copies/${id}`)).status).toBe(204);
  expect([...(await readLedger(stack)).values()].join()).not.toContain(canary);
  expect((await stack.call("GET", `/copies/${id}`)).status).toBe(404);
});

test("after an interrupted DELETE, the Idempotency-Key still returns the copy, until a DELETE succeeds", async () => {
  const stack = await startStack({ copies: { finishOnStart: "always" } });
  const source = await stack.upload("inbox/film.mp4", film);
  const body = { source: source.url, destination: blob(stack) };
  const headers = { "idempotency-key": "k" };
  const { id } = (await stack.call("POST", "/copies", { body, headers })).json;
  await stack.untilEnded(id);
  const allow = stack.local.emulator.faults.add({
    operation: "PutBlob",
    match: ({ target }) => target.includes("ferry-ledger/claims/"),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  expect((await stack.call("DELETE", `/copies/${id}`)).status).toBe(503);
  allow();
  const again = await stack.call("POST", "/copies", { body, headers });
  expect(again).toMatchObject({ status: 200, json: { id, status: "succeeded" } });
  await stack.clock.advance(hour);
  expect((await stack.call("DELETE", `/copies/${id}`)).status).toBe(204);
  expect((await stack.call("POST", "/copies", { body, headers })).status).toBe(410);
});

test("DELETE returns 409 while the copy's notification is not delivered, even if its history was purged", async () => {
  const settings = {
    COPY_NOTICE_WEBHOOK: "http://127.0.0.1:9/",
    COPY_NOTICE_SECRET: Buffer.alloc(32, 7).toString("base64"),
  };
  const stack = await startStack({ settings, copies: { finishOnStart: "always" } });
  const source = await stack.upload(`inbox/${canary}`, film);
  const { id } = await stack.start({ source: source.url, destination: blob(stack) });
  await stack.untilEnded(id);
  await manage(stack, id, "terminate");
  await stack.clock.settled();
  await manage(stack, id, "purge");
  const response = await stack.call("DELETE", `/copies/${id}`);
  expect(response).toMatchObject({ status: 409, json: { type: "urn:ferry:problem:not-ended" } });
  expect(response.json.detail).toContain("its notification has not been delivered yet");
});
