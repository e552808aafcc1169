import { quotedName } from "../copy/location/characters.ts";
import { nonEmpty } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { defaultEventQueueConnection } from "./settings-table.ts";

/** `connection`: the name, or the prefix, of the settings for the queue's account. The host reads them. */
export type EventQueue = { queueName: string; connection: string };

/**
 * "Naming Queues and Metadata": 3 to 63 lower-case letters, digits and single hyphens. The host appends "-poison" for
 * the messages that it gives up on. If the queue's name is too long for that, the messages stay in the queue.
 */
const validName = /^(?=.{3,56}$)[a-z0-9]+(-[a-z0-9]+)*$/;

/** The part after the hub's name in the names of its queues ("Azure Storage provider (Azure Functions)"). */
const hubQueue = /^-(workitems|control-\d+)$/;

/** Reads the queue that receives the events of Storage; null if `COPY_EVENT_QUEUE` is missing. Adds to `problems`. */
export function parseEventQueue(environment: Environment, problems: string[]): EventQueue | null {
  const queueName = nonEmpty(environment["COPY_EVENT_QUEUE"]);
  if (queueName === null) return null;
  if (!validName.test(queueName) || queueName.endsWith("-poison")) {
    problems.push(
      `COPY_EVENT_QUEUE must be a queue name of 3 to 56 lower-case letters, digits and single hyphens that does not end in "-poison"${shown(queueName)}`,
    );
  }
  const hub = nonEmpty(environment["TASKHUB_NAME"])?.toLowerCase() ?? "";
  if (queueName.startsWith(`${hub}-`) && hubQueue.test(queueName.slice(hub.length))) {
    problems.push(`COPY_EVENT_QUEUE must not be a queue of the task hub${shown(queueName)}`);
  }
  const connection =
    nonEmpty(environment["COPY_EVENT_QUEUE_CONNECTION"]) ?? defaultEventQueueConnection;
  if (!/^[A-Za-z]\w*$/.test(connection)) {
    problems.push(
      `COPY_EVENT_QUEUE_CONNECTION must be the name of a setting, such as AzureWebJobsStorage${shown(connection)}`,
    );
  }
  return { queueName, connection };
}

/** The end of a problem: the value, unless it may be a connection string or a SAS. */
function shown(value: string): string {
  const quoted = quotedName(value);
  return quoted === null ? "" : `: ${quoted}`;
}
