import { expect } from "vitest";
import { startStack } from "./test-stack.ts";
import type { CopyBody, TestStack } from "./test-stack.ts";

/** How fast the waiters' copies are. */
type Speed = { finishOnStart: "always" } | { bytesPerSecond: number };

/** A copy that holds a destination, and copies that wait for it. */
export type Queue = {
  stack: TestStack;
  holder: string;
  /** In the order of their requests. */
  ids: string[];
  /**
   * The positions in the queue of the waiters with a started copy, in the order in which Storage started the copies.
   */
  begun: string[];
  /** Ends the holder's copy; the holder notices it when it polls. */
  finishHolder(): void;
  all(): Promise<CopyBody[]>;
};

export const queuedDestination = { container: "archive", blob: "film.mp4" };

/** Starts a copy that stalls, and `count` copies onto the same destination, one after the other. */
export async function startQueue(
  count: number,
  options: Record<string, unknown>,
  {
    speed = { finishOnStart: "always" },
    ...stackOptions
  }: Parameters<typeof startStack>[0] & { speed?: Speed } = {},
): Promise<Queue> {
  let isHolder = true;
  const stack = await startStack({
    copies: { forDestination: () => (isHolder ? { bytesPerSecond: 0 } : speed) },
    ...stackOptions,
  });
  const begun: string[] = [];
  stack.local.emulator.faults.add({
    operation: "CopyBlob",
    match: ({ headers }) => {
      const place = headers["x-ms-meta-place"];
      if (place !== undefined) begun.push(place);
      return false; // it only reads
    },
    do: "reset connection",
  });
  const source = (await stack.upload("inbox/film.mp4", Buffer.alloc(1_000, "film"))).url;
  const destination = stack.blob("archive/film.mp4").url;
  const holder = await stack.start({ source, destination });
  isHolder = false;
  const ids: string[] = [];
  for (let place = 0; place < count; place++) {
    const own = { ...options, metadata: { place: `${place}` } };
    const body = { source, destination, options: own };
    const response = await stack.call("POST", "/copies", { body });
    expect(response.status).toBe(202);
    ids.push(response.json.id);
  }
  await stack.clock.settled();
  return {
    stack,
    holder: holder.id,
    ids,
    begun,
    finishHolder: () => stack.local.emulator.copies.finish(queuedDestination),
    all: () => Promise.all(ids.map((id) => stack.get(id))),
  };
}

/** The names of the ledger's blobs that begin with `prefix`. */
export async function ledgerNames(stack: TestStack, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of stack.container("ferry-ledger").listBlobsFlat({ prefix })) {
    names.push(name);
  }
  return names;
}

/** No copy holds a destination or waits for one. */
export async function expectNoQueue(stack: TestStack): Promise<void> {
  expect(await ledgerNames(stack, "locks/")).toEqual([]);
  expect(await ledgerNames(stack, "destinations/")).toEqual([]);
}
