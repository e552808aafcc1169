import { expect, test } from "vitest";
import { ledgerNames } from "../../support/stack/queue.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const minute = 60_000;
const pendingSource = { container: "inbox", blob: "chained.mp4" };

/** A stack with a blob that a stalled copy is being copied onto; copies onto the destination finish immediately. */
async function startWithPendingSource(options: Parameters<typeof startStack>[0] = {}) {
  const stack = await startStack({
    copies: {
      forDestination: (container) =>
        container === "inbox" ? { bytesPerSecond: 0 } : { finishOnStart: "always" },
    },
    ...options,
  });
  const original = await stack.upload("elsewhere/film.mp4", Buffer.alloc(1_000, "film"));
  await stack.upload("inbox/other.mp4", "other");
  const chained = stack.blob("inbox/chained.mp4");
  await chained.beginCopyFromURL(original.url, { intervalInMs: 3_600_000 });
  return { stack, chained: chained.url, other: stack.blob("inbox/other.mp4").url };
}

async function readContent(stack: TestStack): Promise<string> {
  return (await stack.blob("archive/film.mp4").downloadToBuffer()).toString();
}

test.each([
  { what: "without options", options: {} },
  { what: "with a rollback", options: { rollback: "snapshot" } },
  { what: "with a lease on the source", options: { sourceLease: "hold" } },
  { what: "that would also wait for its destination", options: { ifBusy: "wait" } },
])("a copy $what holds no lock while it waits for its source", async ({ options }) => {
  const { stack, chained, other } = await startWithPendingSource();
  await stack.upload("archive/film.mp4", "former");
  const destination = stack.blob("archive/film.mp4").url;
  const overwrite = "always";
  const waiting = await stack.start({
    source: chained,
    destination,
    options: { overwrite, ...options },
  });
  for (let round = 0; round < 3; round++) {
    expect(await ledgerNames(stack, "locks/")).toEqual([]);
    expect((await stack.get(waiting.id)).warning).toContain("onto the source to end");
    // The default of ifBusy, with which a held lock would fail the copy.
    const copy = await stack.start({ source: other, destination, options: { overwrite } });
    expect(await stack.get(copy.id)).toMatchObject({ status: "succeeded" });
    expect(await readContent(stack)).toBe("other");
    await stack.clock.advance(minute);
  }
  stack.local.emulator.copies.finish(pendingSource);
  expect(await stack.untilEnded(waiting.id)).toMatchObject({ status: "succeeded", residue: [] });
  expect((await readContent(stack)).startsWith("film")).toBe(true);
  expect(await ledgerNames(stack, "locks/")).toEqual([]);
  const snapshots: unknown[] = [];
  for await (const blob of stack.container("archive").listBlobsFlat({ includeSnapshots: true })) {
    if (blob.snapshot !== undefined) snapshots.push(blob.snapshot);
  }
  expect(snapshots).toEqual([]);
});

test("a waiter behind a copy that waits for its source is not delayed", async () => {
  const { stack, chained, other } = await startWithPendingSource();
  const destination = stack.blob("archive/film.mp4").url;
  const options = { overwrite: "always", ifBusy: "wait" };
  const first = await stack.start({ source: chained, destination, options });
  const second = await stack.start({ source: other, destination, options });
  expect(await stack.get(second.id)).toMatchObject({ status: "succeeded" });
  await stack.call("POST", `/copies/${first.id}/abort`);
  await stack.clock.settled();
  expect(await stack.get(first.id)).toMatchObject({ status: "aborted", copyId: null, residue: [] });
  expect(await ledgerNames(stack, "destinations/")).toEqual([]);
});

test("while the source is pending, a poll of it writes nothing to the ledger", async () => {
  const { stack, chained } = await startWithPendingSource();
  await stack.start({ source: chained, destination: stack.blob("archive/film.mp4").url });
  await stack.clock.advance(minute);
  const { requests } = stack.local.emulator;
  const before = requests.length;
  await stack.clock.advance(20 * minute);
  const polls = requests.slice(before).filter(({ url }) => url.includes("chained.mp4"));
  expect(polls.length).toBeGreaterThan(2);
  const writes = requests
    .slice(before)
    .filter(({ method, url }) => method !== "GET" && /\/(locks|destinations|records)/.test(url));
  expect(writes).toEqual([]);
});
