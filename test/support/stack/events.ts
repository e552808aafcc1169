import { randomUUID } from "node:crypto";
import type { BlockBlobClient } from "@azure/storage-blob";
import type { TestStack } from "./test-stack.ts";

/** An event in Event Grid's schema. */
export type GridEvent = Record<string, unknown> & { data: Record<string, unknown> };

/** The setting for routes from `inbox` of the first account to `archive`. */
export function inboxRoutes(...routes: object[]): Record<string, string> {
  const account = "http://127.0.0.1:10000/devstoreaccount1";
  const usual = {
    name: "films",
    source: `${account}/inbox`,
    destination: `${account}/archive/{path}`,
  };
  return {
    COPY_ROUTES: JSON.stringify(
      routes.length === 0 ? [usual] : routes.map((route) => ({ ...usual, ...route })),
    ),
  };
}

/** The event that Storage would send for a blob in its current state. */
export async function createEvent(
  blob: BlockBlobClient,
  { api = "PutBlob", ...changes }: { api?: string; at?: number; etag?: string; url?: string } = {},
): Promise<GridEvent> {
  const { etag, contentLength } =
    changes.etag === undefined ? await blob.getProperties() : { ...changes, contentLength: 4 };
  return {
    id: randomUUID(),
    topic:
      "/subscriptions/0/resourceGroups/local/providers/Microsoft.Storage/storageAccounts/devstoreaccount1",
    subject: `/blobServices/default/containers/${blob.containerName}/blobs/${blob.name}`,
    eventType: "Microsoft.Storage.BlobCreated",
    eventTime: new Date(changes.at ?? Date.now()).toISOString(),
    data: {
      api,
      eTag: etag?.replaceAll('"', ""),
      contentLength,
      blobType: "BlockBlob",
      url: changes.url ?? blob.url,
      sequencer: "0",
    },
    dataVersion: "",
    metadataVersion: "1",
  };
}

/** Delivers events in one call, as Event Grid does; returns the status. */
export async function deliver(stack: TestStack, events: object | object[]): Promise<number> {
  const url = `${stack.local.host.url}/runtime/webhooks/EventGrid?functionName=storageEvents&code=K`;
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "aeg-event-type": "Notification" },
    body: JSON.stringify(events),
  });
  await response.arrayBuffer();
  return response.status;
}

/** Every copy with a Durable instance, as the API returns it. */
export async function allCopies(stack: TestStack) {
  const instances = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/?top=100000`;
  // "Get instances status" of Durable's HTTP API.
  const list = (await (await fetch(instances)).json()) as { instanceId: string; name: string }[];
  const copies = list.filter(({ name }) => name === "copyOrchestration");
  return await Promise.all(copies.map(({ instanceId }) => stack.get(instanceId)));
}

/** Advances the clock until every copy has completed, by at most `hours`; returns all copies. */
export async function untilAllEnded(stack: TestStack, hours = 48) {
  for (let step = 1_000, left = hours * 3_600_000; left > 0; left -= step, step *= 2) {
    await stack.clock.settled();
    const copies = await allCopies(stack);
    if (copies.every(({ completedAt }) => completedAt !== null)) return copies;
    await stack.clock.advance(step);
  }
  return await allCopies(stack);
}
