import { createRequire } from "node:module";
import { onTestFinished } from "vitest";
import { openStorageQueue } from "../../../src/local/host/triggers/storage-queue.ts";
import type { QueueMessage } from "../../../src/local/host/triggers/storage-queue.ts";
import { accounts } from "../../../src/local/storage/auth/accounts.ts";

/** Azurite's Queue service in this process, so that it has the time of the test's clock. */
export type AzuriteQueues = {
  /** A connection string of its account. */
  connection: string;
  /** Adds a message as Event Grid does: JSON in base64. */
  sendEvent(queue: string, event: object): Promise<void>;
  /** Adds a message with this text as it is. */
  send(queue: string, text: string): Promise<void>;
  /** The messages that are visible, as stored, and hides them. */
  receive(queue: string): Promise<QueueMessage[]>;
};

/** Azurite has neither types nor a public entry point for this; its command line starts it in the same way. */
type QueueServer = {
  start(): Promise<void>;
  close(): Promise<void>;
  clean(): Promise<void>;
  getHttpServerAddress(): string;
};
type AzuriteModule<Built> = { default: new (...options: unknown[]) => Built };

/** Starts the service, which is closed after the test. */
export async function startAzuriteQueues(): Promise<AzuriteQueues> {
  const queues = await openAzuriteQueues();
  onTestFinished(() => queues.close());
  return queues;
}

/** Starts the service for several tests; the caller closes it. */
export async function openAzuriteQueues(): Promise<AzuriteQueues & { close(): Promise<void> }> {
  process.env["AZURITE_ACCOUNTS"] = accounts.map(({ name, key }) => `${name}:${key}`).join(";");
  const require = createRequire(import.meta.url);
  const part = <Built>(name: string) =>
    require(`azurite/dist/src/queue/${name}`) as AzuriteModule<Built>; // as in its source
  const { default: Configuration } = part<object>("QueueConfiguration");
  const { default: Server } = part<QueueServer>("QueueServer");
  const none = undefined; // its default
  const configuration = new Configuration(
    "127.0.0.1",
    0, // any free port
    none,
    "",
    "",
    [],
    false,
    none,
    false,
    none,
    false,
    true, // skipApiVersionCheck
    "",
    "",
    "",
    none,
    false,
    true, // isMemoryPersistence
  );
  const server = new Server(configuration);
  await server.start();
  const [account] = accounts;
  if (account === undefined) throw new Error("Azurite has the emulator's accounts");
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
