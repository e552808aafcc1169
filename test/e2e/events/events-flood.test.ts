import * as fc from "fast-check";
import { expect, test } from "vitest";
import { allCopies, deliver, createEvent, inboxRoutes } from "../../support/stack/events.ts";
import type { GridEvent } from "../../support/stack/events.ts";
import { startListener } from "../../support/stack/listener.ts";
import { hour, startStack } from "../../support/stack/test-stack.ts";

/** In an order of its own, the same each time. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const [order] = fc.sample(fc.shuffledSubarray([...items], { minLength: items.length }), {
    seed,
    numRuns: 1,
  });
  return order ?? [];
}

function batches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

test("10,000 events over 1,000 blobs, shuffled and doubled, after the uploads: 1,000 copies with the last content", async () => {
  const world = await startStack({
    settings: inboxRoutes(),
    copies: { finishOnStart: "always" },
  });
  const events: GridEvent[] = [];
  for (let number = 0; number < 1_000; number++) {
    const blob = await world.upload(`inbox/film-${number}`, `old ${number}`);
    const old = await createEvent(blob);
    await world.upload(`inbox/film-${number}`, `new ${number}`);
    const fresh = await createEvent(blob);
    events.push(...Array.from({ length: 5 }, () => [old, fresh]).flat());
  }
  for (const batch of batches(shuffled(events, 7), 20))
    expect(await deliver(world, batch)).toBe(202);
  for (let minutes = 0; minutes < 10; minutes++) await world.clock.advance(60_000);
  const ends = new Map<string, number>();
  for (const { status } of await allCopies(world)) ends.set(status, (ends.get(status) ?? 0) + 1);
  expect(Object.fromEntries(ends)).toEqual({ skipped: 1_000, succeeded: 1_000 });
  for (let number = 0; number < 1_000; number += 37) {
    const content = await world.blob(`archive/film-${number}`).downloadToBuffer();
    expect(content.toString()).toBe(`new ${number}`);
  }
}, 600_000);

test("100,000 events for one destination start what the rules say, and keep one history short", async () => {
  const topic = await startListener();
  topic.responses = () => 500; // the longest history: two weeks, every wake, and a day of telling
  const world = await startStack({
    settings: { ...inboxRoutes(), COPY_NOTICE_TOPIC: topic.url, COPY_NOTICE_TOPIC_KEY: "key" },
    copies: { bytesPerSecond: 0 },
    persistent: true,
  });
  const blob = await world.upload("inbox/film.mp4", "film");
  expect(await deliver(world, [await createEvent(blob)])).toBe(202);
  await world.clock.advance(60_000);
  const source = await createEvent(blob);
  const overtaken = await createEvent(blob, { etag: "0x1" });
  const destination = world.blob("archive/film.mp4");
  const states = await Promise.all(
    Array.from({ length: 500 }, (_, state) =>
      createEvent(destination, { api: "CopyBlob", etag: `0x${state}` }),
    ),
  );
  const flood = Array.from({ length: 100_000 }, (_, index) =>
    index % 4 === 0 ? source : index % 4 === 1 ? overtaken : (states[index % 500] ?? source),
  );
  for (const [index, batch] of batches(shuffled(flood, 11), 1_000).entries()) {
    expect(await deliver(world, batch)).toBe(202);
    if (index % 10 === 0) await world.clock.advance(hour); // so that wakes are heard one by one
  }
  await world.clock.advance(16 * 24 * hour);
  const copies = await allCopies(world);
  const ends: string[] = copies.map(({ status }) => status);
  expect(ends.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(["failed", "skipped"]);
  const longest = Math.max(...copies.map(({ id }) => world.countHistoryEventsOf(id)));
  expect(longest).toBeGreaterThan(500); // two weeks of looks
  expect(longest).toBeLessThan(1_000);
}, 600_000);
