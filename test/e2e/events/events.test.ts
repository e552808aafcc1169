import { expect, test } from "vitest";
import {
  allCopies,
  deliver,
  createEvent,
  inboxRoutes,
  untilAllEnded,
} from "../../support/stack/events.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(100_000, "film");
/** A copy of the film takes ten minutes. */
const slowly = { bytesPerSecond: film.length / 600 };
const settings = inboxRoutes();
const events = {};

function countStarts(stack: TestStack): number {
  return stack.local.emulator.requests.filter(({ operation }) => operation === "CopyBlob").length;
}

async function readContent(stack: TestStack, path: string): Promise<string> {
  return (await stack.blob(path).downloadToBuffer()).toString();
}

test("a route copies a new blob, and the copy's completion is noticed immediately", async () => {
  const stack = await startStack({ settings, events, copies: slowly });
  await stack.upload("inbox/a/film 1#.mp4", film);
  await stack.clock.advance(600_000); // the copy's last byte
  const [copy, ...others] = await allCopies(stack);
  expect(others).toEqual([]);
  expect(copy).toMatchObject({
    status: "succeeded",
    source: stack.blob("inbox/a/film 1#.mp4").url,
    destination: stack.blob("archive/a/film 1#.mp4").url,
  });
  expect(Date.parse(copy.completedAt) - Date.parse(copy.startedAt)).toBe(600_000);
  expect(Date.parse(copy.lastUpdatedAt) - Date.parse(copy.completedAt)).toBeLessThan(1_000);
  expect(
    stack.local.emulator.requests.find(({ operation }) => operation === "CopyBlob"),
  ).toMatchObject({
    headers: {
      "x-ms-source-if-match": (await stack.blob("inbox/a/film 1#.mp4").getProperties()).etag,
    },
  });
});

test.each([
  ["hierarchical", { namespace: "hierarchical" }],
  ["cloud events", { schema: "cloud-events" }],
] as const)("%s: an upload is copied, even if it is empty", async (_, how) => {
  const stack = await startStack({ settings, events: how, copies: slowly });
  await stack.upload("inbox/film.mp4", film);
  await stack.upload("inbox/empty", "");
  const copies = await untilAllEnded(stack);
  expect(copies.map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
  expect(await readContent(stack, "archive/empty")).toBe("");
});

test("a duplicate or missing wake changes only when the completion is noticed", async () => {
  for (const times of [2, 0]) {
    const stack = await startStack({ settings, events, copies: slowly });
    stack.local.emulator.events.planDelivery = ({ api }) => (api === "CopyBlob" ? { times } : {});
    await stack.upload("inbox/film.mp4", film);
    const [copy] = await untilAllEnded(stack);
    expect(copy.status).toBe("succeeded");
    const late = Date.parse(copy.lastUpdatedAt) - Date.parse(copy.completedAt);
    expect(late > 0).toBe(times === 0);
    expect(countStarts(stack)).toBe(1);
    await stack.close();
  }
});

test("a chained route starts when the first copy completes, in flat and in hierarchical accounts", async () => {
  const account = "http://127.0.0.1:10000/devstoreaccount1";
  const chain = inboxRoutes(
    {},
    { name: "wake", source: `${account}/archive`, destination: `${account}/cold/{path}` },
  );
  for (const namespace of ["flat", "hierarchical"] as const) {
    const stack = await startStack({ settings: chain, events: { namespace }, copies: slowly });
    await stack.container("cold").create();
    await stack.upload("inbox/film.mp4", film);
    const copies = await untilAllEnded(stack);
    expect(copies.map(({ status, error }) => error ?? status)).toEqual(["succeeded", "succeeded"]);
    expect(await readContent(stack, "cold/film.mp4")).toBe(film.toString());
    await stack.close();
  }
});

test("a thousand deliveries of one event start one copy: in parallel, after a restart and after a purge", async () => {
  const stack = await startStack({ settings, persistent: true, copies: slowly });
  const event = await createEvent(await stack.upload("inbox/film.mp4", film));
  const flood = async (batches: number) => {
    const batch = Array.from({ length: 25 }, () => event);
    // A hundred at a time: a busy machine needs longer than a delivery's deadline for all of them.
    for (let sent = 0; sent < batches; sent += 4) {
      const statuses = await Promise.all(Array.from({ length: 4 }, () => deliver(stack, batch)));
      expect(new Set(statuses)).toEqual(new Set([202]));
    }
  };
  await flood(16);
  await stack.restart();
  await flood(8);
  const [copy, ...others] = await untilAllEnded(stack);
  expect(others).toEqual([]);
  expect(copy.status).toBe("succeeded");
  const { etag } = await stack.blob("archive/film.mp4").getProperties();
  await flood(8);
  const instance = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${copy.id}`;
  expect((await fetch(instance, { method: "DELETE" })).status).toBe(200);
  await flood(8);
  await stack.clock.advance(2 * 86_400_000);
  expect(await allCopies(stack)).toEqual([]);
  expect((await stack.blob("archive/film.mp4").getProperties()).etag).toBe(etag); // not even rewritten
});

test("the event of an overwritten blob is skipped with a reason; the newer content wins", async () => {
  const stack = await startStack({ settings, copies: slowly });
  const blob = await stack.upload("inbox/film.mp4", "old");
  const old = await createEvent(blob);
  await stack.upload("inbox/film.mp4", "new");
  const fresh = await createEvent(blob);
  expect(await deliver(stack, [old])).toBe(202);
  await stack.clock.settled();
  expect(await deliver(stack, [fresh])).toBe(202);
  const copies = await untilAllEnded(stack);
  const reason = "The source was written again after the event that caused this copy";
  expect(copies).toHaveLength(2);
  expect(copies).toContainEqual(expect.objectContaining({ status: "skipped", reason }));
  expect(copies).toContainEqual(expect.objectContaining({ status: "succeeded" }));
  expect(countStarts(stack)).toBe(1);
  expect(await readContent(stack, "archive/film.mp4")).toBe("new");
});

test("an upload during the copy of its predecessor fails the older copy with a reason; the newer copy waits and wins", async () => {
  const stack = await startStack({ settings, events, copies: slowly });
  await stack.upload("inbox/film.mp4", film);
  await stack.clock.advance(60_000);
  await stack.upload("inbox/film.mp4", "new");
  const copies = await untilAllEnded(stack);
  const results: string[] = copies.map(({ status, error }) => error?.cause ?? status);
  expect(new Set(results)).toEqual(new Set(["source-changed", "succeeded"]));
  expect(results).toHaveLength(2);
  expect(await readContent(stack, "archive/film.mp4")).toBe("new");
});

test("events of unfinished blobs, blobs without a route and malformed events start nothing and are not redelivered", async () => {
  const stack = await startStack({ settings });
  const blob = await stack.upload("inbox/film.mp4", film);
  const other = await stack.upload("other/film.mp4", film);
  const event = await createEvent(blob);
  const odd: unknown[] = [
    await createEvent(blob, { api: "CreateFile" }),
    await createEvent(blob, { api: "SftpCreate" }),
    await createEvent(other),
    { ...event, eventType: "Microsoft.Storage.BlobDeleted" },
    { ...event, data: { ...event.data, url: "https://example.org/inbox/film.mp4" } },
    { ...event, data: { ...event.data, url: 7 } },
    { ...event, eventTime: "soon" },
    {},
  ];
  expect(await deliver(stack, odd as object[])).toBe(202); // contains invalid events on purpose
  await stack.clock.advance(60_000);
  expect(await allCopies(stack)).toEqual([]);
  expect(stack.log.filter(({ message }) => message.startsWith("Cannot use an event")).length).toBe(
    3,
  );
});

test("an event is rejected while the ledger is unavailable, and accepted when it is redelivered", async () => {
  const stack = await startStack({ settings, events });
  const remove = stack.local.emulator.faults.add({
    match: ({ target }) => target.includes("ferry-ledger/claims"),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  await stack.upload("inbox/film.mp4", film);
  await stack.clock.advance(5_000);
  expect(await allCopies(stack)).toEqual([]);
  remove();
  await stack.clock.advance(60_000);
  expect(await allCopies(stack)).toMatchObject([{ status: "succeeded" }]);
});
