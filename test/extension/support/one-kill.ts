import type { ExtensionStack } from "./extension-stack.ts";
import { startPatiently, untilAllEnded, uploadMany } from "./many-copies.ts";
import type { ManyCopies } from "./many-copies.ts";
import type { Json } from "./stack.ts";

export type Killed = {
  ended: Json[];
  /** From the kill until each copy was settled (ms). */
  settledMs: number[];
};

/**
 * Starts the copies at the same time, ends both processes with SIGKILL once all are accepted, starts them again, and
 * waits until every copy has ended. No event, no watchdog and no other instance of the app helps.
 */
export async function killOnce(
  stack: ExtensionStack,
  copies: ManyCopies,
  withinMs: number,
): Promise<Killed> {
  await uploadMany(stack, copies);
  const numbers = Array.from({ length: copies.count }, (_, number) => number);
  const ids = await Promise.all(numbers.map((number) => startPatiently(stack, copies, number)));
  const killedAt = stack.now();
  // The extension first: it would fail the instances whose turn the app does not take.
  await stack.kill("host");
  await stack.kill("bridge");
  await stack.revive();
  const ended = await untilAllEnded(stack, ids, withinMs);
  return {
    ended,
    settledMs: ended.map(({ lastUpdatedAt }) => Date.parse(lastUpdatedAt) - killedAt),
  };
}
