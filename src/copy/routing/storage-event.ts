import { z } from "zod";
import { parseTime } from "../time.ts";
import type { EpochMs } from "../time.ts";
import type { BlobEndpoint } from "../location/endpoint.ts";
import { bareEtag } from "../location/etag.ts";
import { parseDestination } from "../location/parse-endpoint.ts";
import type { Origins } from "../location/parse-endpoint.ts";

/** An event about a blob that was created or replaced. */
export type BlobCreated = {
  blob: BlobEndpoint;
  /** Without quotes, as `bareEtag` returns it. */
  etag: string;
  /** Whether a copy created the blob. The event comes when it has ended, or in a hierarchical account begun. */
  byCopy: boolean;
  /** Epoch ms. */
  at: EpochMs;
};

export type ParsedEvent =
  | { kind: "created"; created: BlobCreated }
  /** Not a reason for a copy: an event of another type, or of a blob that has no content yet. */
  | { kind: "other" }
  | { kind: "unreadable"; problem: string };

/**
 * Values of `data.api` for a blob with its content ("Reacting to Blob storage events": these are "fully
 * committed"). `CreateFile` and `SftpCreate` come before the content. The length is no criterion, because a
 * complete blob may be empty.
 */
const committing: ReadonlySet<string> = new Set([
  "PutBlob",
  "PutBlockList",
  "CopyBlob",
  "FlushWithClose",
  "SftpCommit",
]);

/** Far above the 19 characters, with quotes, of Storage's ETags. Limited because copies and locks store them. */
const maxEtagLength = 256;

/** "Azure Blob Storage as an Event Grid source", in the Event Grid schema and the cloud event schema. */
const eventShape = z
  .object({
    eventType: z.string().optional(),
    type: z.string().optional(),
    eventTime: z.string().optional(),
    time: z.string().optional(),
    subject: z.string(),
    data: z.object({ api: z.string(), url: z.string(), eTag: z.string().max(maxEtagLength) }),
  })
  .transform(({ eventType, type, eventTime, time, ...rest }) => ({
    ...rest,
    type: eventType ?? type,
    at: parseTime(eventTime ?? time ?? ""),
  }));

const typeShape = z.object({ eventType: z.unknown(), type: z.unknown() }).partial();

/** Parses an event as Event Grid delivers it. No problem quotes the event. */
export function parseStorageEvent(event: unknown, origins: Origins): ParsedEvent {
  const typed = typeShape.safeParse(event);
  if (!typed.success) return { kind: "unreadable", problem: "is not an object" };
  const type = typed.data.eventType ?? typed.data.type;
  if (type !== "Microsoft.Storage.BlobCreated") return { kind: "other" };
  const parsed = eventShape.safeParse(event);
  if (!parsed.success || Number.isNaN(parsed.data.at)) {
    return {
      kind: "unreadable",
      problem: "has no valid time, subject, data.api, data.url or data.eTag",
    };
  }
  const { subject, at, data } = parsed.data;
  if (/\p{Surrogate}/u.test(data.url)) {
    return { kind: "unreadable", problem: "has an unpaired surrogate in its URL" };
  }
  if (!committing.has(data.api)) return { kind: "other" };
  const parsedUrl = parseDestination(blobUrl(data.url, { subject, origins }), origins);
  if (!parsedUrl.ok) {
    return { kind: "unreadable", problem: `has a URL that ${parsedUrl.problems.join(", ")}` };
  }
  const blob = parsedUrl.endpoint;
  if (blob.service !== "blob") return { kind: "unreadable", problem: "is not about a blob" };
  const etag = bareEtag(data.eTag);
  const byCopy = data.api === "CopyBlob";
  return { kind: "created", created: { blob, etag, byCopy, at } };
}

/**
 * The blob's URL at the Blob service, percent-encoded. The event of a hierarchical account may have the
 * Data Lake host. Whether `data.url` is encoded is not documented, so it is compared with the subject, which
 * is not encoded.
 */
function blobUrl(url: string, { subject, origins }: { subject: string; origins: Origins }): string {
  const [, origin, path] = /^(https?:\/\/[^/]+)\/(.*)$/s.exec(url) ?? [];
  if (origin === undefined || path === undefined) return url;
  const root = origin.replace(/^(https:\/\/[^.]+(?:\.z\d+)?)\.dfs\./, "$1.blob.");
  const named = /^\/blobServices\/default\/containers\/([^/]+)\/blobs\/(.+)$/s.exec(subject);
  const name = named === null ? null : `${named[1]}/${named[2]}`;
  const account = origin === origins.emulator.blob ? path.slice(0, path.indexOf("/") + 1) : "";
  const isPlain = name !== null && path === `${account}${name}`;
  const encoded = isPlain
    ? name.split("/").map(encodeURIComponent).join("/")
    : path.slice(account.length);
  return `${root}/${account}${encoded}`;
}
