import * as fc from "fast-check";
import { expect, test } from "vitest";
import { allCopies, deliver, createEvent, inboxRoutes } from "../../support/stack/events.ts";
import type { GridEvent } from "../../support/stack/events.ts";
import { startListener } from "../../support/servers/listener.ts";
import { hour, rareTimers, startStack } from "../../support/stack/test-stack.ts";
import { sized } from "../../support/campaign-size.ts";
import { seedFor } from "../../support/seeds.ts";

/* FLOOD_SEED=<seed> repeats the order in which events arrive. */
const seed = seedFor("FLOOD_SEED");
const blobs = sized({ small: 20, full: 1_000 });
const floodEvents = sized({ small: 1_000, full: 100_000 });
/** At most 250 events at a time: each call to the ledger has a time-out in real time. */
const floodBatches = sized({ small: 100, full: 400 });

/** In the seed's order. */
function shuffled<T>(items: readonly T[]): T[] {
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

test(`${blobs * 10} events over ${blobs} blobs, shuffled and duplicated, after the uploads, start ${blobs} copies with the last content (FLOOD_SEED=${seed})`, async () => {
  const stack = await startStack({
    settings: inboxRoutes(),
    copies: { finishOnStart: "always" },
  });
  const events: GridEvent[] = [];
  for (let number = 0; number < blobs; number++) {
    const blob = await stack.upload(`inbox/film-${number}`, `old ${number}`);
    const old = await createEvent(blob);
    await stack.upload(`inbox/film-${number}`, `new ${number}`);
    const fresh = await createEvent(blob);
    events.push(...Array.from({ length: 5 }, () => [old, fresh]).flat());
  }
  for (const batch of batches(shuffled(events), 20)) expect(await deliver(stack, batch)).toBe(202);
  for (let minutes = 0; minutes < 10; minutes++) await stack.clock.advance(60_000);
  const ends = new Map<string, number>();
  for (const { status } of await allCopies(stack)) ends.set(status, (ends.get(status) ?? 0) + 1);
  expect(Object.fromEntries(ends)).toEqual({ skipped: blobs, succeeded: blobs });
  for (let number = 0; number < blobs; number += 19) {
    const content = await stack.blob(`archive/film-${number}`).downloadToBuffer();
    expect(content.toString()).toBe(`new ${number}`);
  }
}, 600_000);

test(`${floodEvents} events for one destination start the copies that the rules require, and keep one history short (FLOOD_SEED=${seed})`, async () => {
  const topic = await startListener();
  topic.responses = () => 500; // the longest history: two weeks, every wake, and a day of notifications
  const stack = await startStack({
    settings: { ...inboxRoutes(), COPY_NOTICE_TOPIC: topic.url, COPY_NOTICE_TOPIC_KEY: "key" },
    copies: { bytesPerSecond: 0 },
    // The watchdog's rounds take most of the test's time: every five minutes as in Azure, or every day.
    environment: sized<Record<string, string>>({ small: rareTimers, full: {} }),
    persistent: true,
  });
  const blob = await stack.upload("inbox/film.mp4", "film");
  expect(await deliver(stack, [await createEvent(blob)])).toBe(202);
  await stack.clock.advance(60_000);
  const source = await createEvent(blob);
  const overtaken = await createEvent(blob, { etag: "0x1" });
  const destination = stack.blob("archive/film.mp4");
  const states = await Promise.all(
    Array.from({ length: 500 }, (_, state) =>
      createEvent(destination, { api: "CopyBlob", etag: `0x${state}` }),
    ),
  );
  const flood = Array.from({ length: floodEvents }, (_, index) =>
    index % 4 === 0 ? source : index % 4 === 1 ? overtaken : (states[index % 500] ?? source),
  );
  for (const [index, batch] of batches(shuffled(flood), floodEvents / floodBatches).entries()) {
    expect(await deliver(stack, batch)).toBe(202);
    if (index % (floodBatches / 10) === 0) await stack.clock.advance(hour); // so that wakes are received one at a time
  }
  await stack.clock.advance(16 * 24 * hour);
  const copies = await allCopies(stack);
  const ends: string[] = copies.map(({ status }) => status);
  expect(ends.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(["failed", "skipped"]);
  const longest = Math.max(...copies.map(({ id }) => stack.countHistoryEventsOf(id)));
  expect(longest).toBeGreaterThan(500); // two weeks of polls
  expect(longest).toBeLessThan(1_000);
}, 600_000);
