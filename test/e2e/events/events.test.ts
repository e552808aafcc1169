import { expect, test } from "vitest";
import {
  allCopies,
  deliver,
  eventOf,
  inboxRoutes,
  untilAllEnded,
} from "../../support/stack/events.ts";
import { startWorld } from "../../support/stack/test-stack.ts";
import type { TestWorld } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(100_000, "film");
/** A copy of the film takes ten minutes. */
const slowly = { bytesPerSecond: film.length / 600 };
const settings = inboxRoutes();
const events = {};

function starts(world: TestWorld): number {
  return world.local.emulator.requests.filter(({ operation }) => operation === "CopyBlob").length;
}

async function contentOf(world: TestWorld, path: string): Promise<string> {
  return (await world.blob(path).downloadToBuffer()).toString();
}

test("a blob that is uploaded is copied along its route, and its end is seen at once", async () => {
  const world = await startWorld({ settings, events, copies: slowly });
  await world.upload("inbox/a/film 1#.mp4", film);
  await world.clock.advance(600_000); // the copy's last byte
  const [copy, ...others] = await allCopies(world);
  expect(others).toEqual([]);
  expect(copy).toMatchObject({
    status: "succeeded",
    source: world.blob("inbox/a/film 1#.mp4").url,
    destination: world.blob("archive/a/film 1#.mp4").url,
  });
  expect(Date.parse(copy.completedAt) - Date.parse(copy.startedAt)).toBe(600_000);
  expect(Date.parse(copy.lastUpdatedAt) - Date.parse(copy.completedAt)).toBeLessThan(1_000);
  expect(
    world.local.emulator.requests.find(({ operation }) => operation === "CopyBlob"),
  ).toMatchObject({
    headers: {
      "x-ms-source-if-match": (await world.blob("inbox/a/film 1#.mp4").getProperties()).etag,
    },
  });
});

test.each([
  ["hierarchical", { namespace: "hierarchical" }],
  ["cloud events", { schema: "cloud-events" }],
] as const)("%s: an upload is copied all the same, be it empty", async (_, how) => {
  const world = await startWorld({ settings, events: how, copies: slowly });
  await world.upload("inbox/film.mp4", film);
  await world.upload("inbox/empty", "");
  const copies = await untilAllEnded(world);
  expect(copies.map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
  expect(await contentOf(world, "archive/empty")).toBe("");
});

test("a wake that comes twice, or never, changes when the end is seen and nothing else", async () => {
  for (const times of [2, 0]) {
    const world = await startWorld({ settings, events, copies: slowly });
    world.local.emulator.events.planDelivery = ({ api }) => (api === "CopyBlob" ? { times } : {});
    await world.upload("inbox/film.mp4", film);
    const [copy] = await untilAllEnded(world);
    expect(copy.status).toBe("succeeded");
    const late = Date.parse(copy.lastUpdatedAt) - Date.parse(copy.completedAt);
    expect(late > 0).toBe(times === 0);
    expect(starts(world)).toBe(1);
    await world.close();
  }
});

test("a chain goes on where another copy ended, in a flat account and in a hierarchical one", async () => {
  const account = "http://127.0.0.1:10000/devstoreaccount1";
  const chain = inboxRoutes(
    {},
    { name: "wake", source: `${account}/archive`, destination: `${account}/cold/{path}` },
  );
  for (const namespace of ["flat", "hierarchical"] as const) {
    const world = await startWorld({ settings: chain, events: { namespace }, copies: slowly });
    await world.container("cold").create();
    await world.upload("inbox/film.mp4", film);
    const copies = await untilAllEnded(world);
    expect(copies.map(({ status, error }) => error ?? status)).toEqual(["succeeded", "succeeded"]);
    expect(await contentOf(world, "cold/film.mp4")).toBe(film.toString());
    await world.close();
  }
});

test("a thousand deliveries of one event, in parallel, after a restart and after a purge, are one copy", async () => {
  const world = await startWorld({ settings, persistent: true, copies: slowly });
  const event = await eventOf(await world.upload("inbox/film.mp4", film));
  const flood = async (batches: number) => {
    const batch = Array.from({ length: 25 }, () => event);
    const statuses = await Promise.all(
      Array.from({ length: batches }, () => deliver(world, batch)),
    );
    expect(new Set(statuses)).toEqual(new Set([202]));
  };
  await flood(16);
  await world.restart();
  await flood(8);
  const [copy, ...others] = await untilAllEnded(world);
  expect(others).toEqual([]);
  expect(copy.status).toBe("succeeded");
  const { etag } = await world.blob("archive/film.mp4").getProperties();
  await flood(8);
  const instance = `${world.local.host.url}/runtime/webhooks/durabletask/instances/${copy.id}`;
  expect((await fetch(instance, { method: "DELETE" })).status).toBe(200);
  await flood(8);
  await world.clock.advance(2 * 86_400_000);
  expect(await allCopies(world)).toEqual([]);
  expect((await world.blob("archive/film.mp4").getProperties()).etag).toBe(etag); // not even rewritten
});

test("an event that was overtaken copies nothing and says so; the newer content wins", async () => {
  const world = await startWorld({ settings, copies: slowly });
  const blob = await world.upload("inbox/film.mp4", "old");
  const old = await eventOf(blob);
  await world.upload("inbox/film.mp4", "new");
  const fresh = await eventOf(blob);
  expect(await deliver(world, [old])).toBe(202);
  await world.clock.settled();
  expect(await deliver(world, [fresh])).toBe(202);
  const copies = await untilAllEnded(world);
  const reason = "The source was written again since the event that this copy follows";
  expect(copies).toHaveLength(2);
  expect(copies).toContainEqual(expect.objectContaining({ status: "skipped", reason }));
  expect(copies).toContainEqual(expect.objectContaining({ status: "succeeded" }));
  expect(starts(world)).toBe(1);
  expect(await contentOf(world, "archive/film.mp4")).toBe("new");
});

test("an upload while its predecessor is still copied: the older copy fails with the reason, the newer waits and wins", async () => {
  const world = await startWorld({ settings, events, copies: slowly });
  await world.upload("inbox/film.mp4", film);
  await world.clock.advance(60_000);
  await world.upload("inbox/film.mp4", "new");
  const copies = await untilAllEnded(world);
  const ends: string[] = copies.map(({ status, error }) => error?.cause ?? status);
  expect(new Set(ends)).toEqual(new Set(["source-changed", "succeeded"]));
  expect(ends).toHaveLength(2);
  expect(await contentOf(world, "archive/film.mp4")).toBe("new");
});

test("what is no finished blob, no blob of a route, or no event starts nothing and is not sent again", async () => {
  const world = await startWorld({ settings });
  const blob = await world.upload("inbox/film.mp4", film);
  const other = await world.upload("other/film.mp4", film);
  const event = await eventOf(blob);
  const odd: unknown[] = [
    await eventOf(blob, { api: "CreateFile" }),
    await eventOf(blob, { api: "SftpCreate" }),
    await eventOf(other),
    { ...event, eventType: "Microsoft.Storage.BlobDeleted" },
    { ...event, data: { ...event.data, url: "https://example.org/inbox/film.mp4" } },
    { ...event, data: { ...event.data, url: 7 } },
    { ...event, eventTime: "soon" },
    {},
  ];
  expect(await deliver(world, odd as object[])).toBe(202); // `odd` is what it says
  await world.clock.advance(60_000);
  expect(await allCopies(world)).toEqual([]);
  expect(world.log.filter(({ message }) => message.startsWith("Cannot use an event")).length).toBe(
    3,
  );
});

test("while the ledger is away the event is not taken, and comes again", async () => {
  const world = await startWorld({ settings, events });
  const remove = world.local.emulator.faults.add({
    match: ({ target }) => target.includes("ferry-ledger/claims"),
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  await world.upload("inbox/film.mp4", film);
  await world.clock.advance(5_000);
  expect(await allCopies(world)).toEqual([]);
  remove();
  await world.clock.advance(60_000);
  expect(await allCopies(world)).toMatchObject([{ status: "succeeded" }]);
});
