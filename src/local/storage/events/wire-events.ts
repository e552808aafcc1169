import type { BlobCreated, Subscription } from "./event-rows.ts";
import { eventSubject } from "./event-rows.ts";

/** The JSON of an event or of a validation request. */
export type WireEvent = Record<string, unknown>;

/** Builds a BlobCreated event in the subscription's schema (page "Azure Blob Storage as an Event Grid source"). */
export function buildBlobCreated(
  event: BlobCreated,
  { id, schema, origin }: { id: string; schema: Subscription["schema"]; origin: string },
): WireEvent {
  const name = event.blob.split("/").map(encodeURIComponent).join("/");
  const content = {
    api: event.api,
    clientRequestId: event.requestId,
    requestId: event.requestId,
    eTag: event.etag,
    contentType: event.contentType,
    contentLength: event.contentLength,
    blobType: event.blobType,
    url: `${origin}/${event.account}/${event.container}/${name}`,
    sequencer: event.etag.replace("0x", "").padStart(32, "0"),
    storageDiagnostics: { batchId: id },
  };
  return envelope(content, {
    id,
    schema,
    account: event.account,
    subject: eventSubject(event),
    type: "Microsoft.Storage.BlobCreated",
    at: event.at,
  });
}

/** Builds the validation request: a webhook accepts events by returning the code (page "Webhook event delivery"). */
export function buildValidationEvent(
  code: string,
  { id, schema, at }: { id: string; schema: Subscription["schema"]; at: number },
): WireEvent {
  const content = { validationCode: code };
  return envelope(schema === "cloud-events" ? JSON.stringify(content) : content, {
    id,
    schema,
    account: "devstoreaccount1",
    subject: "",
    type: "Microsoft.EventGrid.SubscriptionValidationEvent",
    at,
  });
}

type Envelope = {
  id: string;
  schema: Subscription["schema"];
  account: string;
  subject: string;
  type: string;
  at: number;
};

function envelope(data: unknown, { id, schema, account, subject, type, at }: Envelope): WireEvent {
  const topic = `/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.Storage/storageAccounts/${account}`;
  const time = new Date(at).toISOString();
  return schema === "cloud-events"
    ? { specversion: "1.0", id, source: topic, subject, type, time, data }
    : {
        id,
        topic,
        subject,
        eventType: type,
        eventTime: time,
        data,
        dataVersion: "",
        metadataVersion: "1",
      };
}
