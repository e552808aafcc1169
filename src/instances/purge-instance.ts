import type { DurableClient } from "durable-functions";
import { DurableError } from "./durable-error.ts";

/** The statuses in which Durable does not purge an instance. */
export const unfinished: ReadonlySet<string> = new Set(["Pending", "Running", "Suspended"]);

/**
 * Purges an instance and its history; "unfinished" if it has not ended, which Durable rejects (412). An instance that
 * does not exist counts as purged. Throws `DurableError`.
 */
export async function purgeInstance(
  client: DurableClient,
  instanceId: string,
): Promise<"purged" | "unfinished"> {
  try {
    await client.purgeInstanceHistory(instanceId);
    return "purged";
  } catch (cause) {
    const status = await client.getStatus(instanceId).catch(() => null);
    if (status !== null && unfinished.has(status.runtimeStatus)) return "unfinished";
    throw new DurableError(`purge instance ${instanceId}`, { cause });
  }
}
