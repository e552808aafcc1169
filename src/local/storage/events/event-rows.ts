import type { Blob } from "../store/blob-rows.ts";
import type { Store } from "../store/store.ts";

/** A subscription and its webhook (page "Azure Blob Storage as an Event Grid source"). */
export type Subscription = {
  name: string;
  /** URL of the webhook, including its key. */
  url: string;
  schema: "event-grid" | "cloud-events";
  /** A flat account emits the event of a copy when the copy ends, a hierarchical account when it starts. */
  namespace: "flat" | "hierarchical";
  subjectBeginsWith: string;
};

/** One Microsoft.Storage.BlobCreated. `at` is epoch ms. */
export type BlobCreated = {
  at: number;
  account: string;
  container: string;
  blob: string;
  api: "PutBlob" | "PutBlockList" | "CopyBlob";
  /** Without quotes. */
  etag: string;
  contentType: string;
  contentLength: number;
  blobType: string;
  requestId: string;
};

export type UndeliveredEvent = { id: number; subscription: string; event: BlobCreated };

/**
 * Adds an event for a new or replaced blob to each matching subscription. Call it in the transaction of
 * the write. `namespace` selects the accounts that emit the event at this moment.
 */
export function enqueueBlobCreated(
  store: Store,
  blob: Blob,
  how: Pick<BlobCreated, "api" | "requestId" | "at"> & {
    namespace: Subscription["namespace"] | "any";
  },
): void {
  const container = store.one<{ account: string; name: string }>(
    "SELECT account, name FROM container WHERE id = ?",
    blob.container,
  );
  if (container === undefined) return;
  const { namespace, ...request } = how;
  const event: BlobCreated = {
    ...request,
    account: container.account,
    container: container.name,
    blob: blob.name,
    etag: blob.etag,
    contentType: blob.contentHeaders.contentType ?? "application/octet-stream",
    contentLength: blob.length,
    blobType: blob.blobType,
  };
  store.run(
    `INSERT INTO undelivered_event (subscription, event) SELECT name, ?1 FROM event_subscription
     WHERE (?2 = 'any' OR namespace = ?2)
       AND substr(?3, 1, length(subject_begins_with)) = subject_begins_with`,
    JSON.stringify(event),
    namespace,
    eventSubject(event),
  );
}

export function eventSubject({ container, blob }: BlobCreated): string {
  return `/blobServices/default/containers/${container}/blobs/${blob}`;
}

/** Undelivered events with a greater id, oldest first. */
export function findUndeliveredEvents(store: Store, id: number): UndeliveredEvent[] {
  return store
    .all<{ id: number; subscription: string; event: string }>(
      "SELECT * FROM undelivered_event WHERE id > ? ORDER BY id",
      id,
    )
    .map((row) => ({ ...row, event: JSON.parse(row.event) })); // written by enqueueBlobCreated
}

export function deleteEvent(store: Store, id: number): void {
  store.run("DELETE FROM undelivered_event WHERE id = ?", id);
}

export function saveSubscription(store: Store, subscription: Subscription): void {
  const { name, url, schema, namespace, subjectBeginsWith } = subscription;
  store.run(
    `INSERT INTO event_subscription VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET
       url = excluded.url, schema = excluded.schema, namespace = excluded.namespace,
       subject_begins_with = excluded.subject_begins_with`,
    name,
    url,
    schema,
    namespace,
    subjectBeginsWith,
  );
}

export function removeSubscription(store: Store, name: string): void {
  store.run("DELETE FROM event_subscription WHERE name = ?", name);
}

export function findSubscriptions(store: Store): Subscription[] {
  return store.all<Subscription>(
    "SELECT name, url, schema, namespace, subject_begins_with AS subjectBeginsWith FROM event_subscription",
  );
}

/** When the next pending copy ends (epoch ms); null if no copy is pending. */
export function nextCopyEndTime(store: Store): number | null {
  return store.one<{ at: number | null }>("SELECT min(due_at) AS at FROM pending_copy")?.at ?? null;
}
