import { expect, test } from "vitest";
import { allCopies, createEvent, deliver, inboxRoutes } from "../../support/stack/events.ts";
import { ledgerNames } from "../../support/stack/queue.ts";
import { hour, rareTimers, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const day = 24 * hour;
const settings = inboxRoutes();

async function startCopy(stack: TestStack, name = "film.mp4"): Promise<string> {
  const source = await stack.upload(`other/${name}`, Buffer.alloc(30_000, "film"));
  const destination = stack.blob(`archive/${name}`).url;
  return (await stack.start({ source: source.url, destination })).id;
}

/** Events of a copy's end with forged ETags. */
async function forge(stack: TestStack, count: number, name = "film.mp4"): Promise<void> {
  const forged = Array.from({ length: count }, () =>
    createEvent(stack.blob(`archive/${name}`), { api: "CopyBlob", etag: `0x${made++}` }),
  );
  for (const event of await Promise.all(forged)) {
    expect(await deliver(stack, [event])).toBe(202);
    await stack.clock.settled();
  }
}
let made = 1_000;

test("25 events with forged ETags do not change when Ferry notices a copy's end", async () => {
  const stack = await startStack({ settings, copies: { bytesPerSecond: 1_000 } }); // 30 seconds
  const attacked = await startCopy(stack, "attacked.mp4");
  const untouched = await startCopy(stack, "untouched.mp4");
  await stack.clock.advance(10_000);
  const before = await stack.get(attacked);
  await forge(stack, 25, "attacked.mp4");
  const after = await stack.get(attacked);
  expect(after.statusReads).toBe(before.statusReads + 20);
  expect(Date.parse(after.nextReadAt)).toBeLessThanOrEqual(Date.parse(before.nextReadAt));
  const [one, other] = [await stack.untilEnded(attacked, 1), await stack.untilEnded(untouched, 1)];
  expect(one).toMatchObject({ status: "succeeded" });
  expect(Date.parse(one.lastUpdatedAt)).toBeLessThanOrEqual(Date.parse(other.lastUpdatedAt));
});

test("the event of the real end still wakes a copy that 19 forged events have woken", async () => {
  const stack = await startStack({ settings, copies: { bytesPerSecond: 0 } });
  const id = await startCopy(stack);
  await stack.clock.advance(6 * hour);
  await forge(stack, 19);
  stack.local.emulator.copies.finish({ container: "archive", blob: "film.mp4" });
  await deliver(stack, [await createEvent(stack.blob("archive/film.mp4"), { api: "CopyBlob" })]);
  await stack.clock.settled();
  expect(await stack.get(id)).toMatchObject({ status: "succeeded" });
  expect(await ledgerNames(stack, "destinations/")).toEqual([]);
});

test("an event with the destination's own ETag is followed up after 5, 20 and 65 seconds, once", async () => {
  const stack = await startStack({ settings, copies: { bytesPerSecond: 0 } });
  const id = await startCopy(stack);
  await stack.clock.advance(6 * hour);
  const planned = (await stack.get(id)).nextReadAt;
  const { statusReads } = await stack.get(id);
  const event = await createEvent(stack.blob("archive/film.mp4"), { api: "CopyBlob" });
  await deliver(stack, [event]);
  await stack.clock.advance(2 * 60_000);
  expect(await stack.get(id)).toMatchObject({ statusReads: statusReads + 4, nextReadAt: planned });
  await forge(stack, 1);
  await deliver(stack, [{ ...event, id: "again" }]);
  await stack.clock.advance(2 * 60_000);
  expect(await stack.get(id)).toMatchObject({ statusReads: statusReads + 5, nextReadAt: planned });
});

test.each([
  { what: "stalls", bytesPerSecond: 0 },
  { what: "is steady", bytesPerSecond: 30_000 / (14 * 24 * 3_600) },
])(
  "two weeks of forged events lengthen the history of a copy that $what to fewer than 1,000 events",
  async ({ bytesPerSecond }) => {
    const stack = await startStack({
      settings,
      copies: { bytesPerSecond },
      persistent: true,
      environment: rareTimers,
    });
    const id = await startCopy(stack);
    await stack.clock.advance(hour);
    await forge(stack, 25);
    for (let hours = 0; hours < 14 * 24; hours += 6) {
      await stack.clock.advance(6 * hour);
      await forge(stack, 2);
    }
    const copy = await stack.untilEnded(id, 48);
    expect(copy.completedAt).not.toBeNull();
    expect(Date.parse(copy.completedAt) - Date.parse(copy.createdAt)).toBeGreaterThan(13.9 * day);
    const woken = stack.countHistoryEventsOf(id);
    expect(woken).toBeLessThan(1_000);
    expect(copy.statusReads).toBeGreaterThan(70); // at least 30 planned polls, and one for each of some 45 wakes
  },
  300_000,
);

test("a hundred events of one blob with forged ETags start at most ten copies, and the log names the blob", async () => {
  const stack = await startStack({ settings, copies: { finishOnStart: "always" } });
  const blob = await stack.upload("inbox/film.mp4", "film");
  for (let at = 0; at < 100; at++) {
    await deliver(stack, [await createEvent(blob, { etag: `0x${made++}` })]);
  }
  await stack.clock.settled();
  const copies = await allCopies(stack);
  expect(copies).toHaveLength(10);
  expect(new Set(copies.map(({ status }) => status))).toEqual(new Set(["skipped"]));
  const lines = stack.log.filter(({ message }) => message.startsWith(`Cannot copy ${blob.url}`));
  expect(lines).toHaveLength(90);
  await deliver(stack, [await createEvent(blob)]);
  await stack.clock.settled();
  expect(await allCopies(stack)).toHaveLength(11);
  expect((await stack.blob("archive/film.mp4").downloadToBuffer()).toString()).toBe("film");
});

test("events of nonexistent blobs leave neither a copy nor a claim, and the log names each blob", async () => {
  const stack = await startStack({ settings });
  for (const name of ["inbox", "ferry-ledger"]) await stack.container(name).create();
  for (let at = 0; at < 20; at++) {
    const blob = stack.blob(`inbox/none ${at}.mp4`);
    await deliver(stack, [await createEvent(blob, { etag: `0x${made++}` })]);
    expect(stack.log.some(({ message }) => message.includes(`Cannot copy ${blob.url}`))).toBe(true);
  }
  await stack.clock.settled();
  expect(await allCopies(stack)).toEqual([]);
  expect(await ledgerNames(stack, "")).toEqual([]);
});

test("an event starts a copy although the app cannot read its blob now", async () => {
  const stack = await startStack({ settings, copies: { finishOnStart: "always" } });
  const blob = await stack.upload("inbox/film.mp4", "film");
  const event = await createEvent(blob);
  stack.local.emulator.faults.add({
    operation: "GetBlobProperties",
    times: 1,
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  await deliver(stack, [event]);
  await stack.clock.advance(60_000);
  expect(await allCopies(stack)).toMatchObject([{ status: "succeeded" }]);
});

test.each([
  { when: "years earlier", at: (now: number) => now - 7 * 365 * day },
  { when: "two hours earlier", at: (now: number) => now - 2 * hour },
  { when: "a day later", at: (now: number) => now + day },
])(
  "an event with a time $when copies nothing, and the genuine event still starts its copy",
  async ({ at }) => {
    const stack = await startStack({
      settings: inboxRoutes({
        destination: "http://127.0.0.1:10000/devstoreaccount1/archive/{year}/{day}/{hour}/{path}",
      }),
      copies: { finishOnStart: "always" },
    });
    const blob = await stack.upload("inbox/film.mp4", "film");
    await stack.container("archive").createIfNotExists();
    const forged = await createEvent(blob, { at: at(stack.clock.now()) });
    expect(await deliver(stack, [forged])).toBe(202);
    await stack.clock.settled();
    expect(await allCopies(stack)).toEqual([]);
    const warnings = stack.log.filter(({ message }) =>
      message.includes("does not match the blob's"),
    );
    expect(warnings).toHaveLength(1);
    await deliver(stack, [await createEvent(blob, { at: stack.clock.now() })]);
    await stack.clock.settled();
    const [copy] = await allCopies(stack);
    expect(copy).toMatchObject({
      status: "succeeded",
      destination: stack.blob("archive/2026/20/12/film.mp4").url,
    });
  },
);
