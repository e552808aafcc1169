import { expect, test } from "vitest";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 10_000 } };

async function request(stack: TestStack, to = "archive/film.mp4") {
  const source = await stack.upload("inbox/film.mp4", film);
  return { source: source.url, destination: stack.blob(to).url };
}

/** Starts that Storage executed; a null status means that the response was lost afterwards. */
function countStarts(stack: TestStack): number {
  return stack.local.emulator.requests.filter(
    ({ operation, status }) => operation === "CopyBlob" && (status === 202 || status === null),
  ).length;
}

test("the same Idempotency-Key and body return the same copy, even after it has completed", async () => {
  const stack = await startStack(slowly);
  const body = await request(stack);
  const headers = { "idempotency-key": "order-1" };
  const first = await stack.call("POST", "/copies", { body, headers });
  const again = await stack.call("POST", "/copies", { body, headers });
  expect([first.status, again.status]).toEqual([202, 200]);
  expect(again.json.id).toBe(first.json.id);
  await stack.untilEnded(first.json.id);
  const late = await stack.call("POST", "/copies", { body, headers });
  expect(late.status).toBe(200);
  expect(late.json).toMatchObject({ id: first.json.id, status: "succeeded" });
  expect(countStarts(stack)).toBe(1);
});

test("twenty concurrent calls with one Idempotency-Key start one copy", async () => {
  const stack = await startStack(slowly);
  const body = await request(stack);
  const headers = { "idempotency-key": "order-1" };
  const responses = await Promise.all(
    Array.from({ length: 20 }, () => stack.call("POST", "/copies", { body, headers })),
  );
  expect(new Set(responses.map(({ json }) => json.id)).size).toBe(1);
  for (const { status } of responses) expect([200, 202]).toContain(status);
  await stack.untilEnded(responses[0]?.json.id);
  expect(countStarts(stack)).toBe(1);
});

test("an Idempotency-Key that belongs to another request is rejected", async () => {
  const stack = await startStack(slowly);
  const headers = { "idempotency-key": "order-1" };
  await stack.start(await request(stack), headers);
  const body = await request(stack, "archive/other.mp4");
  const response = await stack.call("POST", "/copies", { body, headers });
  expect(response.status).toBe(409);
  expect(response.json).toMatchObject({ type: "urn:ferry:problem:idempotency-key-reused" });
});

test("the second of two copies to one destination is rejected without the id of the first", async () => {
  const stack = await startStack(slowly);
  const body = { ...(await request(stack)), options: { overwrite: "always" } };
  const first = await stack.start(body);
  const second = await stack.start(body);
  const rejected = await stack.untilEnded(second.id, 0);
  expect(rejected).toMatchObject({ status: "failed", error: { cause: "destination-busy" } });
  expect(rejected.error.message).toContain("another Ferry copy");
  expect(rejected.error.message).not.toContain(first.id);
  expect(await stack.untilEnded(first.id)).toMatchObject({ status: "succeeded" });
});

test("a foreign pending copy on the destination is reported, and neither aborted nor mistaken for ours", async () => {
  const stack = await startStack(slowly);
  const body = await request(stack);
  const poller = await stack.blob("archive/film.mp4").beginCopyFromURL(body.source);
  const foreign = (poller.getOperationState() as { copyId?: string }).copyId; // missing in its type
  const { id } = await stack.start({ ...body, options: { overwrite: "always" } });
  const copy = await stack.untilEnded(id, 0);
  expect(copy).toMatchObject({ status: "failed", error: { cause: "destination-busy" } });
  expect(foreign).toBeDefined();
  expect(copy.error.message).not.toContain(foreign); // it is not this caller's
  await stack.clock.advance(200_000);
  expect((await stack.blob("archive/film.mp4").downloadToBuffer()).equals(film)).toBe(true);
});

test("a start whose response is lost is recovered, not repeated", async () => {
  const stack = await startStack(slowly);
  stack.local.emulator.faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
  const { id } = await stack.start(await request(stack));
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect(countStarts(stack)).toBe(1);
});

test("an abort of a copy whose start got no response finds the copy and aborts it", async () => {
  const stack = await startStack(slowly);
  const body = await request(stack);
  const { faults } = stack.local.emulator;
  faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
  // Neither the second start nor the following poll gets a response until the abort arrives.
  const remove = [
    faults.add({ operation: "CopyBlob", do: "reset connection" }),
    faults.add({
      operation: "GetBlobProperties",
      match: ({ target }) => target.includes("archive/film.mp4") && countStarts(stack) > 0,
      do: { response: { status: 503, code: "ServerBusy" } },
    }),
  ];
  const { id } = await stack.start(body);
  await stack.clock.advance(1_000);
  expect(await stack.get(id)).toMatchObject({ status: "queued" });
  await stack.call("POST", `/copies/${id}/abort`);
  await stack.clock.advance(1_000);
  for (const each of remove) each();
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", copyStatus: "aborted" });
  expect(await stack.blob("archive/film.mp4").exists()).toBe(false);
});

test("an hour without responses from Storage delays a copy but does not fail it", async () => {
  const stack = await startStack(slowly);
  const { id } = await stack.start(await request(stack));
  const remove = stack.local.emulator.faults.add({
    operation: "GetBlobProperties",
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  await stack.clock.advance(3_600_000);
  expect(await stack.get(id)).toMatchObject({ status: "copying" });
  expect((await stack.get(id)).warning).toContain("503 ServerBusy");
  remove();
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
});

test("a copy continues across restarts of the app, and is started once", async () => {
  const stack = await startStack({ ...slowly, persistent: true });
  const { id } = await stack.start(await request(stack));
  for (let lives = 0; lives < 3; lives++) {
    await stack.clock.advance(10_000);
    await stack.restart();
  }
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect((await stack.blob("archive/film.mp4").downloadToBuffer()).equals(film)).toBe(true);
});
