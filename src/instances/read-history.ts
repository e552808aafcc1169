import type { DurableClient } from "durable-functions";
import { DurableError } from "./durable-error.ts";

/** One event of a history in the extension's response; the other fields may quote inputs, and are not read. */
export type HistoryEvent = {
  EventType?: unknown;
  Timestamp?: unknown;
  /** When an activity was scheduled, and its name. */
  ScheduledTime?: unknown;
  FunctionName?: unknown;
  FireAt?: unknown;
  /** The name of an event, or of an activity that has not completed. */
  Name?: unknown;
};

/** The part of the SDK that returns the extension's unchanged response. */
type RawClient = {
  getStatusInternal?: (options: {
    instanceId: string;
    showHistory: boolean;
  }) => Promise<{ status: number; data: unknown }>;
};

/**
 * Reads the history of an instance, without inputs and results; null if Durable has none. The SDK's own `getStatus` drops
 * the history, because it reads the field `history` instead of `historyEvents` (azure-functions-durable-js #620).
 */
export async function readHistory(
  client: DurableClient,
  instanceId: string,
): Promise<HistoryEvent[] | null> {
  const raw = client as unknown as RawClient; // a method that the types of the SDK do not have
  if (raw.getStatusInternal === undefined) return null;
  const response = await raw
    .getStatusInternal({ instanceId, showHistory: true })
    .catch((cause: unknown) => {
      throw new DurableError(`read the history of instance ${instanceId}`, { cause });
    });
  if (response.status === 404) return null;
  if (response.status >= 300) {
    const cause = new Error(`The extension responded with HTTP ${response.status}`);
    throw new DurableError(`read the history of instance ${instanceId}`, { cause });
  }
  const { historyEvents }: { historyEvents?: unknown } = Object(response.data);
  return Array.isArray(historyEvents) ? historyEvents.map((event) => Object(event)) : null;
}
