import { z } from "zod";
import { parseTime } from "../time.ts";
import type { BlobEndpoint } from "../location/endpoint.ts";
import { bareEtag } from "../location/etag.ts";
import { parseDestination } from "../location/parse-endpoint.ts";
import type { Origins } from "../location/parse-endpoint.ts";

/** What an event says of a blob that was made or replaced. */
export type BlobCreated = {
  blob: BlobEndpoint;
  /** Without quotes, as `bareEtag` has it. */
  etag: string;
  /** Whether a copy onto the blob has ended, or in a hierarchical account begun. */
  byCopy: boolean;
  /** Epoch ms. */
  at: number;
};

export type ReadEvent =
  | { kind: "created"; created: BlobCreated }
  /** Nothing that a copy could follow: another type, or a blob of which only the name is there yet. */
  | { kind: "other" }
  | { kind: "unreadable"; problem: string };

/**
 * What `data.api` says of a blob whose content is there ("Reacting to Blob storage events": these are
 * "fully committed"). `CreateFile` and `SftpCreate` come before the content: whether it is empty is not
 * told by its length, since an empty blob is a blob.
 */
const committing: ReadonlySet<string> = new Set([
  "PutBlob",
  "PutBlockList",
  "CopyBlob",
  "FlushWithClose",
  "SftpCommit",
]);

/** Far above Storage's own, which are 19 characters with their quotes; copies and locks keep them. */
const maxEtagLength = 256;

/** "Azure Blob Storage as an Event Grid source", in Event Grid's own schema and as a cloud event. */
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

/** Reads an event as Event Grid delivers it. No problem repeats what the event says. */
export function readStorageEvent(event: unknown, origins: Origins): ReadEvent {
  const typed = typeShape.safeParse(event);
  if (!typed.success) return { kind: "unreadable", problem: "is no object" };
  const type = typed.data.eventType ?? typed.data.type;
  if (type !== "Microsoft.Storage.BlobCreated") return { kind: "other" };
  const parsed = eventShape.safeParse(event);
  if (!parsed.success || Number.isNaN(parsed.data.at)) {
    return { kind: "unreadable", problem: "has no time, subject, data.api, data.url or data.eTag" };
  }
  const { subject, at, data } = parsed.data;
  if (/\p{Surrogate}/u.test(data.url)) {
    return { kind: "unreadable", problem: "has half a letter in its URL" };
  }
  if (!committing.has(data.api)) return { kind: "other" };
  const parsedUrl = parseDestination(blobUrl(data.url, { subject, origins }), origins);
  if (!parsedUrl.ok) {
    return { kind: "unreadable", problem: `has a URL which ${parsedUrl.problems.join(", ")}` };
  }
  const blob = parsedUrl.endpoint;
  if (blob.service !== "blob") return { kind: "unreadable", problem: "is not of a blob" };
  const etag = bareEtag(data.eTag);
  const byCopy = data.api === "CopyBlob";
  return { kind: "created", created: { blob, etag, byCopy, at } };
}

/**
 * The blob's URL at the Blob service, encoded anew. A hierarchical account may name its Data Lake host.
 * Whether `data.url` is percent-encoded is not documented; the subject is not, and settles it.
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
