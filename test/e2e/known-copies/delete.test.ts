import { expect, test } from "vitest";
import {
  allCopies,
  createEvent,
  deliver,
  inboxRoutes,
  untilAllEnded,
} from "../../support/stack/events.ts";
import { startListener } from "../../support/servers/listener.ts";
import { hour, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* DELETE /copies/{id} */

const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 10_000 } };
const day = 24 * hour;

async function request(stack: TestStack, name = "film.mp4") {
  const source = await stack.upload("inbox/film.mp4", film);
  return { source: source.url, destination: stack.blob(`archive/${name}`).url };
}

async function ledgerNames(stack: TestStack): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of stack.container("ferry-ledger").listBlobsFlat()) names.push(name);
  return names.map((name) => name.split("/")[0] ?? "");
}

const remove = (stack: TestStack, id: string, headers: Record<string, string> = {}) =>
  stack.call("DELETE", `/copies/${id}`, { headers });

test("an ended copy is deleted with its history", async () => {
  const stack = await startStack({ persistent: true });
  const { id } = await stack.start(await request(stack));
  await stack.untilEnded(id);
  const response = await remove(stack, id);
  expect(response).toMatchObject({ status: 204, text: "" });
  expect(stack.countHistoryEvents()).toBe(0);
  expect(await ledgerNames(stack)).toEqual(["records"]);
  expect((await stack.call("GET", `/copies/${id}`)).status).toBe(404);
  expect((await stack.call("GET", "/copies")).json.items).toEqual([]);
  expect((await remove(stack, id)).status).toBe(404);
  // The copied content stays.
  expect(await stack.blob("archive/film.mp4").exists()).toBe(true);
});

test.each(["failed", "skipped", "aborted"])("a %s copy is deleted, too", async (status) => {
  const stack = await startStack({ ...slowly, persistent: true });
  const body = await request(stack);
  if (status !== "aborted") await stack.upload("archive/film.mp4", "older");
  const options = status === "skipped" ? { overwrite: "skip" } : {};
  const { id } = await stack.start({ ...body, options });
  if (status === "aborted") await stack.call("POST", `/copies/${id}/abort`);
  expect(await stack.untilEnded(id)).toMatchObject({ status });
  expect((await remove(stack, id)).status).toBe(204);
  expect(await ledgerNames(stack)).toEqual(["records"]);
  expect(stack.countHistoryEvents()).toBe(0);
});

test("DELETE of a running copy returns 409, and the copy continues", async () => {
  const stack = await startStack(slowly);
  const { id } = await stack.start(await request(stack));
  const response = await remove(stack, id);
  expect(response).toMatchObject({
    status: 409,
    json: {
      type: "urn:ferry:problem:not-ended",
      detail: "Cannot delete the copy because it has not ended",
      fix: "Wait until the copy has ended, or abort it; then try again",
    },
  });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
});

test("the Idempotency-Key of a deleted copy returns 410 while its claim is kept, and is free afterwards", async () => {
  const stack = await startStack({ environment: { COPY_RETENTION_DAYS: "3" } });
  const body = { ...(await request(stack)), options: { overwrite: "always" } };
  const headers = { "idempotency-key": "order-1" };
  const { id } = await stack.start(body, headers);
  await stack.untilEnded(id);
  const deletedAt = new Date(stack.clock.now()).toISOString();
  expect((await remove(stack, id)).status).toBe(204);
  expect(await ledgerNames(stack)).toEqual(["claims", "records"]);
  const post = (other: object) => stack.call("POST", "/copies", { body: other, headers });
  const gone = {
    status: 410,
    json: {
      type: "urn:ferry:problem:deleted",
      detail: `The copy of this Idempotency-Key was deleted at ${deletedAt}`,
      fix: "Use a new Idempotency-Key to start it again",
    },
  };
  expect(await post(body)).toMatchObject(gone);
  expect(await post({ ...body, options: {} })).toMatchObject(gone);
  await stack.clock.advance(2 * day);
  expect(await post(body)).toMatchObject(gone);
  await stack.clock.advance(3 * day);
  expect(await post(body)).toMatchObject({ status: 202 });
});

test("an event whose copy was deleted does not start it again", async () => {
  const stack = await startStack({ settings: inboxRoutes(), persistent: true });
  const event = await createEvent(await stack.upload("inbox/film.mp4", film));
  await deliver(stack, event);
  const [copy] = await untilAllEnded(stack);
  expect(copy).toMatchObject({ status: "succeeded" });
  expect((await remove(stack, copy.id)).status).toBe(204);
  // The app remembers the events of the last hours until it restarts.
  await stack.restart();
  await deliver(stack, event);
  await stack.clock.settled();
  expect(await allCopies(stack)).toEqual([]);
  expect(await ledgerNames(stack)).toEqual(["claims", "records"]);
});

test("DELETE returns 409 until the copy's notification has been delivered", async () => {
  const webhook = await startListener();
  webhook.responses = () => 503;
  const settings = {
    COPY_NOTICE_WEBHOOK: webhook.url,
    COPY_NOTICE_SECRET: Buffer.alloc(32, 7).toString("base64"),
  };
  const stack = await startStack({ settings });
  const { id } = await stack.start(await request(stack));
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  const response = await remove(stack, id);
  expect(response).toMatchObject({ status: 409, json: { type: "urn:ferry:problem:not-ended" } });
  expect(response.headers.get("retry-after")).toBe("10");
  webhook.responses = () => 200;
  await stack.clock.advance(hour);
  expect(webhook.delivery.length).toBeGreaterThan(0);
  expect((await remove(stack, id)).status).toBe(204);
});

test("a DELETE that was interrupted after the history was deleted is completed by the next DELETE", async () => {
  const stack = await startStack({ persistent: true });
  const { id } = await stack.start(await request(stack));
  await stack.untilEnded(id);
  const allow = stack.local.emulator.faults.add({
    operation: "PutBlob",
    match: ({ target }) => target.includes("/records/"),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  expect((await remove(stack, id)).status).toBe(503);
  allow();
  expect(await ledgerNames(stack)).toEqual(["records"]);
  expect((await remove(stack, id)).status).toBe(204);
  expect((await remove(stack, id)).status).toBe(404);
});

test("the rest of a deleted copy contains no URL, and is purged after the retention", async () => {
  const stack = await startStack({ environment: { COPY_RETENTION_DAYS: "3" } });
  const { id } = await stack.start(await request(stack));
  await stack.untilEnded(id);
  await remove(stack, id);
  const ledger = stack.container("ferry-ledger");
  for await (const { name, metadata } of ledger.listBlobsFlat({ includeMetadata: true })) {
    const text = String(await ledger.getBlobClient(name).downloadToBuffer());
    expect(text + JSON.stringify(metadata)).not.toContain("inbox");
  }
  await stack.clock.advance(5 * day);
  expect(await ledgerNames(stack)).not.toContain("records");
});

test("a late run of the start of a deleted copy copies nothing", async () => {
  const stack = await startStack();
  const body = { ...(await request(stack)), options: { overwrite: "always" } };
  const { id } = await stack.start(body);
  await stack.untilEnded(id);
  const { url } = stack.local.host;
  const instance = await fetch(
    `${url}/runtime/webhooks/durabletask/instances/${id}?showInput=true`,
  );
  const { input: copy } = (await instance.json()) as { input: object };
  await remove(stack, id);
  const newer = await stack.upload("archive/film.mp4", "newer");
  const step = { instanceId: id, copy, attempt: 1, kept: null };
  const response = await fetch(`${url}/admin/functions/startCopy`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ input: JSON.stringify(step) }),
  });
  expect(response.status).toBe(202);
  await stack.clock.settled();
  expect(String(await newer.downloadToBuffer())).toBe("newer");
  expect((await stack.call("GET", `/copies/${id}`)).status).toBe(404);
  expect(await ledgerNames(stack)).toEqual(["records"]);
});
