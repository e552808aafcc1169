import type { Cancel, Clock } from "../../clock.ts";
import { minute, second } from "../../durations.ts";
import type { Logger } from "../../log.ts";
import type { Invocation, InvocationOutcome } from "../worker/invocation.ts";
import type { TypedData } from "../worker/typed-data.ts";
import { buildJsonMetadata } from "./event-grid.ts";
import { openStorageQueue } from "./storage-queue.ts";
import type { QueueMessage, StorageQueue } from "./storage-queue.ts";

/** host.json's `extensions.queues`, with the extension's defaults (QueuesOptions.cs). */
export type QueuesOptions = {
  batchSize: number;
  newBatchThreshold: number;
  maxDequeueCount: number;
  /** The time in ms for which a message is hidden after a failed try. */
  visibilityTimeoutMs: number;
  maxPollingIntervalMs: number;
  messageEncoding: "base64" | "none";
};

/** A function with a queue trigger, as its binding describes it. */
export type QueueFunction = {
  name: string;
  /** Can contain `%NAME%`, the name of a setting. */
  queueName: string;
  /** The setting with the connection string; AzureWebJobsStorage if it is omitted. */
  connection: string | undefined;
};

export type QueueTriggersOptions = {
  functions: readonly QueueFunction[];
  queues: QueuesOptions;
  clock: Clock;
  environment: Readonly<Record<string, string | undefined>>;
  run: (invocation: Invocation) => Promise<InvocationOutcome>;
  logger: Logger;
};

export type QueueTriggers = {
  stop(): void;
  /** Waits until no message is being handled. */
  idle(): Promise<void>;
};

/** QueueListener.cs: how long a received message is hidden; it is renewed at half of that while its function runs. */
const hiddenMs = 10 * minute;
/** QueuePollingIntervals.cs. */
const minPollingIntervalMs = 100;
/** QueueListenerFactory.cs: a queue whose name is too long for this suffix has no poison queue. */
const poisonSuffix = "-poison";
const maxNameLength = 63;

/** Polls the queue of each function with a queue trigger. Throws for a connection that cannot be used. */
export function startQueueTriggers(options: QueueTriggersOptions): QueueTriggers {
  const handling = new Set<Promise<void>>();
  const listeners = options.functions.map((found) => startListener(options, found, handling));
  return {
    stop: () => {
      for (const stop of listeners) stop();
    },
    async idle() {
      await Promise.all(handling);
    },
  };
}

/**
 * Polls as QueueListener.cs does: again immediately after a batch, otherwise after twice the previous wait. The
 * extension also randomizes its waits.
 */
function startListener(
  options: QueueTriggersOptions,
  found: QueueFunction,
  handling: Set<Promise<void>>,
): Cancel {
  const { clock, queues, logger } = options;
  const { queue, poison } = openQueues(options, found);
  let running = 0;
  let stopped = false;
  let cancel: Cancel = () => {};
  let wait = minPollingIntervalMs;

  const arm = (ms: number) => {
    if (!stopped) cancel = clock.schedule(clock.now() + ms, () => void clock.track(poll()));
  };
  const handle = async (message: QueueMessage) => {
    try {
      await handleMessage(options, found, { queue, poison, message });
    } catch (error) {
      // The message becomes visible again when its time-out has passed.
      logger("error", "function", found.name, describe(error));
    } finally {
      running--;
    }
  };
  const poll = async () => {
    if (running > queues.newBatchThreshold) return arm(minPollingIntervalMs);
    let messages: QueueMessage[] = [];
    try {
      messages = await queue.receive(queues.batchSize, hiddenMs / second);
    } catch (error) {
      logger("error", "function", found.name, describe(error));
    }
    running += messages.length;
    for (const message of messages) {
      const work = clock.track(handle(message));
      handling.add(work);
      void work.then(() => handling.delete(work));
    }
    wait =
      messages.length > 0
        ? minPollingIntervalMs
        : Math.min(wait * 2, Math.max(queues.maxPollingIntervalMs, minPollingIntervalMs));
    arm(messages.length > 0 ? minPollingIntervalMs : wait);
  };
  arm(0);
  return () => {
    stopped = true;
    cancel();
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function openQueues(
  { environment, clock }: QueueTriggersOptions,
  { name, queueName, connection = "AzureWebJobsStorage" }: QueueFunction,
): { queue: StorageQueue; poison: StorageQueue | null } {
  const setting = environment[connection] ?? "";
  if (setting === "") {
    throw new Error(
      `Cannot start function "${name}" because its connection is not set, and only connection strings are implemented: "${connection}"`,
    );
  }
  const resolved = queueName.replace(/%([^%]+)%/g, (_, each: string) => environment[each] ?? "");
  const poisonName = `${resolved}${poisonSuffix}`;
  const hasPoison = !resolved.endsWith(poisonSuffix) && poisonName.length <= maxNameLength;
  return {
    queue: openStorageQueue(setting, { name: resolved, now: clock.now }),
    poison: hasPoison ? openStorageQueue(setting, { name: poisonName, now: clock.now }) : null,
  };
}

type Received = { queue: StorageQueue; poison: StorageQueue | null; message: QueueMessage };

/** QueueProcessor.cs: runs the function, then deletes the message, hides it, or moves it to the poison queue. */
async function handleMessage(
  options: QueueTriggersOptions,
  { name }: QueueFunction,
  { queue, poison, message }: Received,
): Promise<void> {
  const { queues, logger } = options;
  const giveUp = async (given: QueueMessage, reason: string) => {
    // Without a poison queue, the message stays hidden until its time-out, then becomes visible again.
    if (poison === null) return;
    await poison.send(given.text);
    await queue.remove(given);
    const line = `Message ${given.id} was moved to ${poison.name} because ${reason}`;
    logger("warning", "function", name, line);
  };
  const text = queues.messageEncoding === "none" ? message.text : decode(message.text);
  // QueueServiceClientProvider.cs: moved unchanged, without a try.
  if (text === null) return await giveUp(message, "it is not base64");
  const tries = `${queues.maxDequeueCount} tries have failed`;
  if (message.dequeueCount > queues.maxDequeueCount) return await giveUp(message, tries);
  const hidden = keepHidden(options, queue, message);
  const outcome = await options.run(buildQueueInvocation(name, { ...message, text }));
  const received = await hidden.end();
  if (outcome.ok) return await queue.remove(received);
  if (message.dequeueCount >= queues.maxDequeueCount) return await giveUp(received, tries);
  if (poison !== null) await queue.hide(received, queues.visibilityTimeoutMs / second);
}

/** Renews the time for which the message is hidden (UpdateQueueMessageVisibilityCommand.cs). */
function keepHidden({ clock }: QueueTriggersOptions, queue: StorageQueue, message: QueueMessage) {
  let current = message;
  let cancel: Cancel = () => {};
  let renewal = Promise.resolve();
  const renew = async () => {
    try {
      const popReceipt = await queue.hide(current, hiddenMs / second);
      current = { ...current, popReceipt };
      arm();
    } catch {
      // The message becomes visible again, and is handled again.
    }
  };
  const arm = () => {
    cancel = clock.schedule(clock.now() + hiddenMs / 2, () => {
      renewal = clock.track(renew());
    });
  };
  arm();
  return {
    /** Resolves to the message with its last pop receipt. */
    async end(): Promise<QueueMessage> {
      cancel();
      await renewal;
      return current;
    },
  };
}

/** Null if the text is not base64 of UTF-8. */
function decode(text: string): string | null {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) return null;
  return bytes.toString();
}

/**
 * Builds the invocation of a message. Trigger metadata contains what QueueTriggerBinding.cs adds; the properties of a JSON
 * message replace those of the same name, as Utility.cs of the host binds them.
 */
export function buildQueueInvocation(functionName: string, message: QueueMessage): Invocation {
  const own: Record<string, TypedData> = {
    QueueTrigger: { string: message.text },
    DequeueCount: { int: message.dequeueCount },
    ExpirationTime: { string: message.expiresOn },
    Id: { string: message.id },
    InsertionTime: { string: message.insertedOn },
    NextVisibleTime: { string: message.nextVisibleOn },
    PopReceipt: { string: message.popReceipt },
  };
  const ofMessage = buildJsonMetadata(message.text);
  const replaced = new Set(Object.keys(ofMessage).map((key) => key.toLowerCase()));
  const kept = Object.entries(own).filter(([key]) => !replaced.has(key.toLowerCase()));
  const triggerMetadata = { ...Object.fromEntries(kept), ...ofMessage };
  return { functionName, trigger: { string: message.text }, triggerMetadata };
}
