import { onTestFinished } from "vitest";
import { openStorageQueue } from "../../../src/local/host/triggers/storage-queue.ts";
import type { QueueMessage } from "../../../src/local/host/triggers/storage-queue.ts";
import { accounts } from "../../../src/local/storage/auth/accounts.ts";
import { startAzuriteService } from "./azurite-service.ts";

/** Azurite's Queue service in this process, so that it uses the test's clock. */
export type AzuriteQueues = {
  /** A connection string of its account. */
  connection: string;
  /** Adds a message as Event Grid does: JSON in base64. */
  sendEvent(queue: string, event: object): Promise<void>;
  /** Adds a message with this unchanged text. */
  send(queue: string, text: string): Promise<void>;
  /** The messages that are visible, as stored, and hides them. */
  receive(queue: string): Promise<QueueMessage[]>;
};

/** Starts the service, which is closed after the test. */
export async function startAzuriteQueues(): Promise<AzuriteQueues> {
  const queues = await openAzuriteQueues();
  onTestFinished(() => queues.close());
  return queues;
}

/** Starts the service for several tests; the caller closes it. */
export async function openAzuriteQueues(): Promise<AzuriteQueues & { close(): Promise<void> }> {
  const server = await startAzuriteService("Queue");
  const [account] = accounts;
  if (account === undefined) throw new Error("Cannot use Azurite because it has no account");
  const { name, key } = account;
  const connection = `AccountName=${name};AccountKey=${key};QueueEndpoint=${server.getHttpServerAddress()}/${name};`;
  const open = (queue: string) => openStorageQueue(connection, { name: queue, now: Date.now });
  return {
    connection,
    send: (queue, text) => open(queue).send(text),
    sendEvent: (queue, event) =>
      open(queue).send(Buffer.from(JSON.stringify(event)).toString("base64")),
    receive: (queue) => open(queue).receive(32, 60),
    async close() {
      await server.close();
      await server.clean();
    },
  };
}
