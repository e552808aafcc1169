import { z } from "zod";
import { epochMs, parseTime, toIso } from "../time.ts";
import type { EpochMs } from "../time.ts";
import { serviceUrl } from "../location/endpoint.ts";
import type { BlobEndpoint } from "../location/endpoint.ts";
import { printable } from "../location/characters.ts";
import { bareEtag, etagShape } from "../location/etag.ts";
import { parseDestination, withName } from "../location/parse-endpoint.ts";
import type { Origins } from "../location/parse-endpoint.ts";
import { decodePercent } from "../location/storage-names.ts";

/** An event about a blob that was created or replaced. */
export type BlobCreated = {
  blob: BlobEndpoint;
  /** Without quotes, as `bareEtag` returns it. */
  etag: string;
  /**
   * Whether a copy created the blob. Storage emits the event when the copy ends; in a hierarchical account, when the
   * copy starts.
   */
  byCopy: boolean;
  /** Epoch ms. */
  at: EpochMs;
};

export type ParsedEvent =
  | { kind: "created"; created: BlobCreated }
  /** Causes no copy: an event of a different type, or for a blob that has no content yet. */
  | { kind: "other" }
  /** The blob has a name that Ferry does not copy. `created` is for matching routes only. */
  | { kind: "unusable"; created: BlobCreated; problem: string }
  /** `subject` is the event's subject in printable form, if it has one. */
  | { kind: "unreadable"; subject: string | null; problem: string };

/** A BlobCreated event that cannot cause the copy that it should have caused. */
export type UnusableEvent = {
  /** The blob, or the event's subject where the blob is unknown; printable. */
  blob: string | null;
  /** The route that the blob matches; null where that is unknown. */
  route: string | null;
  etag: string | null;
  /** ISO 8601; null where the event has no time. */
  at: string | null;
  /** Completes "Cannot copy the blob because". */
  problem: string;
};

/** The blob of an event in one line of text, with its name not percent-encoded. */
export function describeBlob(blob: BlobEndpoint): string {
  return printable(`${serviceUrl(blob)}/${blob.container}/${blob.path}`);
}

/**
 * Values of `data.api` in events for blobs that have their content ("Reacting to Blob storage events": these are
 * "fully committed"). Events with `CreateFile` and `SftpCreate` come before the content. The length cannot show
 * this, because a complete blob may be empty.
 */
const committing: ReadonlySet<string> = new Set([
  "PutBlob",
  "PutBlockList",
  "CopyBlob",
  "FlushWithClose",
  "SftpCommit",
]);

const word = z.string().max(256);
/** A blob's name has 1,024 characters, and up to nine for each when it is encoded. */
const place = z.string().max(16 * 1_024);

/** The Event Grid schema and the CloudEvents schema of "Azure Blob Storage as an Event Grid source". */
const eventShape = z
  .object({
    eventType: word.optional(),
    type: word.optional(),
    eventTime: word.optional(),
    time: word.optional(),
    subject: place,
    data: z.object({ api: word, url: place, eTag: etagShape }),
  })
  .transform(({ eventType, type, eventTime, time, ...rest }) => ({
    ...rest,
    type: eventType ?? type,
    at: parseEventTime(eventTime ?? time ?? ""),
  }));

/** NaN for a time outside the years 0 to 9999: a route's template would write it with a different number of digits. */
function parseEventTime(text: string): EpochMs {
  const at = parseTime(text);
  return /^\d{4}-/.test(text) && /^\d{4}-/.test(Number.isNaN(at) ? "" : toIso(at))
    ? at
    : epochMs(NaN);
}

const typeShape = z
  .object({ eventType: z.unknown(), type: z.unknown(), subject: z.unknown() })
  .partial();

/** Parses an event as Event Grid delivers it. A `problem` never quotes the event. */
export function parseStorageEvent(event: unknown, origins: Origins): ParsedEvent {
  const typed = typeShape.safeParse(event);
  if (!typed.success) return { kind: "unreadable", subject: null, problem: "is not an object" };
  const { eventType, type = null, subject: about } = typed.data;
  if ((eventType ?? type) !== "Microsoft.Storage.BlobCreated") return { kind: "other" };
  const unreadable = (problem: string): ParsedEvent => ({
    kind: "unreadable",
    subject: typeof about === "string" ? printable(about) : null,
    problem,
  });
  const parsed = eventShape.safeParse(event);
  if (!parsed.success || Number.isNaN(parsed.data.at)) {
    return unreadable("has no valid time, subject, data.api, data.url or data.eTag");
  }
  const { subject, at, data } = parsed.data;
  if (!committing.has(data.api)) return { kind: "other" };
  const place = parsePlace(data.url, { subject, origins });
  // A container whose name has no encoding cannot be part of a URL.
  if (place === null || /\p{Surrogate}/u.test(place.container)) {
    return unreadable("has a data.url that is not the URL of a blob");
  }
  const { root, container, path } = place;
  const parsedUrl = parseDestination(`${root}/${encodeURIComponent(container)}/x`, origins);
  if (!parsedUrl.ok) return unreadable(`has a URL that ${parsedUrl.problems.join(", ")}`);
  const { endpoint } = parsedUrl;
  if (endpoint.service !== "blob") return unreadable("is not about a blob");
  const etag = bareEtag(data.eTag);
  const byCopy = data.api === "CopyBlob";
  const created = { blob: { ...endpoint, path }, etag, byCopy, at };
  const named = withName(endpoint, path);
  return named.ok
    ? { kind: "created", created }
    : { kind: "unusable", created, problem: named.problems.join(", ") };
}

/** `root` is the account's URL in the Blob service; container and path are decoded. */
type EventPlace = { root: string; container: string; path: string };

/**
 * The location of the blob, with its unencoded name. An event from a hierarchical account may have the Data Lake host.
 * The documentation does not say whether `data.url` is encoded, nor whether it names the root container, so it is
 * compared with the subject, which is not encoded and always names the container.
 */
function parsePlace(
  url: string,
  { subject, origins }: { subject: string; origins: Origins },
): EventPlace | null {
  const [, origin, rest] = /^(https?:\/\/[^/?#]+)\/(.*)$/s.exec(url) ?? [];
  if (origin === undefined || rest === undefined) return null;
  const host = origin.replace(/^(https:\/\/[^.]+(?:\.z\d+)?)\.dfs\./, "$1.blob.");
  const isEmulated = origin === origins.emulator.blob;
  const account = isEmulated ? rest.slice(0, rest.indexOf("/") + 1) : "";
  const root = isEmulated ? `${host}/${account.slice(0, -1)}` : host;
  const raw = rest.slice(account.length);
  const decoded = decodePercent(raw);
  const about = /^\/blobServices\/default\/containers\/([^/]+)\/blobs\/(.+)$/s.exec(subject);
  const [, container = "", path = ""] = about ?? [];
  const spellings = [`${container}/${path}`, ...(container === "$root" ? [path] : [])];
  if (about !== null && spellings.some((each) => each === raw || each === decoded)) {
    return { root, container, path };
  }
  // Without the subject, a "?" may be part of a name or begin a query.
  const slash = decoded?.indexOf("/") ?? -1;
  if (decoded === null || slash < 1 || /[?#]/.test(raw)) return null;
  return { root, container: decoded.slice(0, slash), path: decoded.slice(slash + 1) };
}
