import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import type { SubscriptionOptions } from "../../../src/local/storage/events/deliveries.ts";
import { atEnd, startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import type { Storage } from "../../support/stack/emulator.ts";

type Received = { headers: Record<string, unknown>; event: Record<string, any> }; // oxlint-disable-line typescript/no-explicit-any -- tests read events of both schemas

/** A webhook that returns the validation code, records its deliveries, and responds with `responses`. */
async function webhook(responses: number[] = []) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const event = Array.isArray(body) ? body[0] : body;
    if (request.headers["aeg-event-type"] === "SubscriptionValidation") {
      const { validationCode } =
        typeof event.data === "string" ? JSON.parse(event.data) : event.data;
      response.end(JSON.stringify({ validationResponse: validationCode }));
      return;
    }
    received.push({ headers: request.headers, event });
    response.writeHead(responses.shift() ?? 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(() => void server.close());
  const { port } = server.address() as AddressInfo; // listens on TCP
  return { url: `http://127.0.0.1:${port}/hook?code=KEY`, received, server };
}

async function subscribed(
  storage: Storage,
  {
    answers: responses = [],
    ...wanted
  }: Partial<SubscriptionOptions> & { answers?: number[] } = {},
) {
  const hook = await webhook(responses);
  await storage.emulator.events.subscribe({ name: "app", url: hook.url, ...wanted });
  return hook.received;
}

test("a validated subscriber gets an upload's event in Event Grid's schema", async () => {
  const storage = await startStorage();
  const received = await subscribed(storage);
  const blob = await uploadBlob(storage.service, "film", { blob: "a b/é#%.mp4" });
  await storage.clock.settled();
  const { etag } = await blob.getProperties();
  const [only, ...others] = received;
  expect(others).toEqual([]);
  expect(only?.headers).toMatchObject({
    "aeg-event-type": "Notification",
    "aeg-subscription-name": "APP",
    "aeg-delivery-count": "0",
  });
  expect(only?.event).toMatchObject({
    eventType: "Microsoft.Storage.BlobCreated",
    subject: "/blobServices/default/containers/source/blobs/a b/é#%.mp4",
    topic: expect.stringMatching(/storageAccounts\/devstoreaccount1$/),
    eventTime: new Date(storage.clock.now()).toISOString(),
    data: {
      api: "PutBlob",
      eTag: etag?.replaceAll('"', ""),
      contentLength: 4,
      contentType: "video/mp4",
      blobType: "BlockBlob",
      url: `${storage.emulator.blobUrl}/devstoreaccount1/source/a%20b/%C3%A9%23%25.mp4`,
    },
  });
});

test("CloudEvents contain the same data, one event per delivery", async () => {
  const storage = await startStorage();
  const received = await subscribed(storage, { schema: "cloud-events" });
  await uploadBlob(storage.service, "film");
  await storage.clock.settled();
  expect(received.map(({ event }) => event)).toEqual([
    expect.objectContaining({
      specversion: "1.0",
      type: "Microsoft.Storage.BlobCreated",
      source: expect.stringMatching(/devstoreaccount1$/),
      data: expect.objectContaining({ api: "PutBlob" }),
    }),
  ]);
});

test("a subscriber that does not return the validation code gets no events", async () => {
  const storage = await startStorage();
  const server = createServer((_, response) => response.end("{}"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(() => void server.close());
  const { port } = server.address() as AddressInfo; // listens on TCP
  const url = `http://127.0.0.1:${port}/`;
  await expect(storage.emulator.events.subscribe({ name: "app", url })).rejects.toThrow(
    /Cannot subscribe "app" because the webhook did not return the validation code: 200/,
  );
});

test.each([
  ["flat", 10_000, 1],
  ["hierarchical", 0, 1],
] as const)(
  "the event of a pending copy in a %s namespace is sent after %i ms",
  async (namespace, after, one) => {
    const storage = await startStorage({ copies: { bytesPerSecond: 100 } });
    const source = await uploadBlob(storage.service, "x".repeat(1_000));
    const received = await subscribed(storage, { namespace });
    const target = storage.service.getContainerClient("source").getBlobClient("copy.mp4");
    await target.beginCopyFromURL(source.url, { intervalInMs: 3_600_000 });
    await storage.clock.settled();
    expect(received).toHaveLength(after === 0 ? one : 0);
    await storage.clock.advance(60_000); // without any request at that time
    expect(received).toHaveLength(one);
    const { eTag, api } = received[0]?.event["data"] ?? {};
    const { etag } = await target.getProperties();
    expect([api, `"${eTag}"` === etag]).toEqual(["CopyBlob", namespace === "flat"]);
    const at = Date.parse(received[0]?.event["eventTime"]);
    expect(storage.clock.now() - at).toBe(60_000 - after);
  },
);

test("a copy that fails or is aborted emits no event", async () => {
  const storage = await startStorage({ copies: { bytesPerSecond: 100 } });
  const source = await uploadBlob(storage.service, "x".repeat(1_000));
  const received = await subscribed(storage);
  const target = storage.service.getContainerClient("source").getBlobClient("copy.mp4");
  await target.beginCopyFromURL(source.url, { intervalInMs: 3_600_000 });
  storage.emulator.copies.fail({ container: "source", blob: "copy.mp4" });
  await storage.clock.advance(60_000);
  expect(received).toEqual([]);
});

test("a failed delivery is retried under the same id with growing delays; 400 is final", async () => {
  const storage = await startStorage();
  const received = await subscribed(storage, { answers: [500, 503, 200, 400] });
  await uploadBlob(storage.service, "film");
  await storage.clock.settled();
  expect(received).toHaveLength(1);
  await storage.clock.advance(10_000);
  expect(received).toHaveLength(2);
  await storage.clock.advance(29_999);
  expect(received).toHaveLength(2);
  await storage.clock.advance(1);
  expect(received).toHaveLength(3);
  expect(new Set(received.map(({ event }) => event["id"])).size).toBe(1);
  await uploadBlob(storage.service, "film 2");
  await storage.clock.advance(86_400_000);
  expect(received).toHaveLength(4);
});

test("events can be dropped, duplicated and delayed, and so arrive out of order", async () => {
  const storage = await startStorage();
  const received = await subscribed(storage);
  const fates: Record<string, object> = {
    gone: { times: 0 },
    twice: { times: 2, delayMs: 500 },
    late: { delayMs: 1_000 },
  };
  storage.emulator.events.planDelivery = ({ blob }) => fates[blob] ?? {};
  for (const blob of ["late", "twice", "gone", "film"]) {
    await uploadBlob(storage.service, "x", { blob });
  }
  await storage.clock.advance(2_000);
  const order = received.map(({ event }) => String(event["subject"]).split("/").at(-1));
  expect(order).toEqual(["film", "twice", "twice", "late"]);
});

test("a copy from the web emits its event when it completes, without any request at that time", async () => {
  const storage = await startStorage({ copies: { bytesPerSecond: 1 } });
  const received = await subscribed(storage);
  let status = 200;
  const web = createServer((_, response) => {
    response.writeHead(status, { "Content-Length": 10 }).end("0123456789");
  });
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  atEnd(() => void web.close());
  const { port } = web.address() as AddressInfo; // listens on TCP
  const box = storage.service.getContainerClient("out");
  await box.create();
  const copy = box.getBlobClient("film");
  await copy.beginCopyFromURL(`http://127.0.0.1:${port}/film`);
  status = 503;
  await storage.clock.advance(10_000);
  expect(received).toEqual([]);
  status = 200;
  await storage.clock.advance(60_000);
  expect(received.map(({ event }) => [event["data"].api, event["data"].contentLength])).toEqual([
    ["CopyBlob", 10],
  ]);
});
