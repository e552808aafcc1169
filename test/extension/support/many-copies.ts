import { setTimeout as pause } from "node:timers/promises";
import type { Json, Stack } from "./stack.ts";

/** Copies of `count` blobs from the container `source` to `target`. Their names are numbers; `bytes` is their size. */
export type ManyCopies = { source: string; target: string; count: number; bytes: number };

/** Uploads the sources, and creates the target's container. */
export async function uploadMany(
  stack: Stack,
  { source, target, count, bytes }: ManyCopies,
): Promise<void> {
  await stack.upload(`${target}/other`, Buffer.from("so that the container exists"));
  const content = Buffer.alloc(bytes, "film");
  for (let number = 0; number < count; number++) await stack.upload(`${source}/${number}`, content);
}

/** Builds the request for one of the copies. Its Idempotency-Key makes it safe to send again. */
export function requestFor(stack: Stack, { source, target }: ManyCopies, number: number) {
  const body = {
    source: stack.blob(`${source}/${number}`).url,
    destination: stack.blob(`${target}/${number}`).url,
  };
  return { body, headers: { "idempotency-key": `${target}-${number}` } };
}

/** Requests a copy until the app accepts it, as a caller does while processes are down. Returns its id. */
export async function startPatiently(
  stack: Stack,
  copies: ManyCopies,
  number: number,
): Promise<string> {
  for (;;) {
    const response = await stack
      .call("POST", "/copies", requestFor(stack, copies, number))
      .catch(() => null);
    if (response?.status === 202 || response?.status === 200) return response.json.id;
    if (response !== null && response.status < 500) {
      throw new Error(`POST /copies returned ${response.status}: ${response.text}`);
    }
    await pause(300);
  }
}

/** Reads the copies until all have ended; a read that fails is repeated. `meanwhile` runs every ten seconds. */
export async function untilAllEnded(
  stack: Stack,
  ids: readonly string[],
  withinMs: number,
  meanwhile: () => Promise<void> = async () => {},
): Promise<Json[]> {
  const ended = new Map<string, Json>();
  const began = performance.now();
  for (let rounds = 1; ; rounds++) {
    for (const id of ids) {
      if (ended.has(id)) continue;
      const copy = await stack.get(id).catch(() => undefined);
      if (typeof copy?.completedAt === "string") ended.set(id, copy);
    }
    if (ended.size === ids.length) return ids.map((id) => ended.get(id));
    if (performance.now() - began > withinMs) {
      const left = await Promise.all(ids.filter((id) => !ended.has(id)).map((id) => stack.get(id)));
      throw new Error(`Copies have not ended within ${withinMs} ms: ${JSON.stringify(left)}`);
    }
    if (rounds % 10 === 0) await meanwhile().catch(() => {});
    await stack.wait(1_000);
  }
}
