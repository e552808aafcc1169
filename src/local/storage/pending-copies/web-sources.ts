import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import type { Clock } from "../../clock.ts";
import { findBlobById, saveBlob, type Copy } from "../store/blob-rows.ts";
import { addContent, createBlock } from "../store/content-blocks.ts";
import { minute, second } from "../http/durations.ts";
import { StorageError } from "../http/rest-errors.ts";
import {
  failureDescriptions,
  dueWebCopies,
  endCopy,
  maxCopyMs,
  predictEnd,
  savePendingCopy,
  type CopyResult,
  type PendingCopy,
} from "./pending-copies.ts";
import type { Store } from "../store/store.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { NeedsFetch, type FetchedSource } from "./web-object.ts";

/** Reads copy sources outside Storage. Fetches are real; the end of a copy follows the emulator's clock. */
export type WebSources = {
  /** Reads a source for the start of a copy. */
  fetchSource(needed: NeedsFetch): Promise<FetchedSource>;
  /** Keeps the URL, which is read at the end of the copy. Its query may be a secret: it is kept in memory only. */
  rememberUrl(copyId: string, url: URL): void;
  /** Reads the sources of all copies that are due, and ends these copies. */
  endDue(): Promise<void>;
  close(): void;
};

/**
 * Ends due copies, then handles a request. If `handle` throws `NeedsFetch`, fetches the source and calls
 * `handle` a second time with it. See `web-object.ts`.
 */
export async function runWithFetch(
  web: WebSources,
  handle: (webSource?: FetchedSource) => StorageResponse,
): Promise<StorageResponse> {
  await web.endDue();
  try {
    return handle();
  } catch (error) {
    if (!(error instanceof NeedsFetch)) throw error;
    const response = handle(await web.fetchSource(error));
    web.rememberUrl(response.headers?.["x-ms-copy-id"] ?? "", error.url);
    return response;
  }
}

/** Without a response within this time, the source counts as unreachable. */
const responseTimeoutMs = 10 * second;
/** If a source is temporarily unreadable, the copy stays pending and tries again after this delay. */
const retryDelayMs = minute;
const maxSourceBytes = 512 * 1024 * 1024;

export function createWebSources(store: Store, clock: Clock): WebSources {
  const urls = new Map<string, URL>();
  const ending = new Map<number, Promise<void>>();
  const closing = new AbortController();

  async function endWebCopy(copy: PendingCopy): Promise<void> {
    const { result } = predictEnd(copy);
    const started = findBlobById(store, copy.destination)?.copy;
    if (started == null) return;
    const url = urls.get(started.id) ?? storedUrl(started);
    const read =
      result.status !== "success"
        ? { result }
        : url
          ? await readSource(url, copy, closing.signal)
          : unknownUrl;
    if (closing.signal.aborted) return;
    store.transaction(() => applyReadResult(store, { copy, copyId: started.id, read, clock }));
    if (!("retry" in read)) urls.delete(started.id);
  }

  return {
    fetchSource: (needed) => fetchHead(needed, closing.signal),
    rememberUrl(copyId, url) {
      urls.set(copyId, url);
    },
    async endDue() {
      for (const copy of dueWebCopies(store, clock.now())) {
        const work = ending.get(copy.destination) ?? endWebCopy(copy);
        ending.set(copy.destination, work);
        await work.finally(() => ending.delete(copy.destination));
      }
    },
    close: () => closing.abort(),
  };
}

/**
 * Sends GET and reads only the headers unless `withBody`: any URL that supports GET is a valid source, and
 * a signed URL often allows only GET. Does not follow redirects.
 */
async function fetchHead(
  { url, withBody }: NeedsFetch,
  signal: AbortSignal,
): Promise<FetchedSource> {
  let response: IncomingMessage;
  try {
    response = await sendGet(url, signal);
  } catch {
    return new StorageError("CannotVerifyCopySource");
  }
  const { statusCode = 500, headers } = response;
  const length = Number(headers["content-length"] ?? "NaN");
  if (statusCode !== 200 || Number.isNaN(length)) {
    response.destroy();
    return new StorageError("CannotVerifyCopySource", {
      // Returns the source's own error status; any other status makes the request invalid.
      status: statusCode >= 400 ? statusCode : 400,
      message:
        statusCode === 200
          ? "The copy source returned no Content-Length."
          : `The copy source returned status ${statusCode}.`,
    });
  }
  const bytes = withBody ? await readBody(response).catch(() => null) : null;
  response.destroy();
  if (withBody && bytes === null) return new StorageError("CannotVerifyCopySource");
  return {
    service: "web",
    id: 0,
    etag: readEtag(response),
    lastModified: Date.parse(headers["last-modified"] ?? "") || 0,
    length,
    contentHeaders: {
      contentType: headers["content-type"] ?? "application/octet-stream",
      ...(headers["content-encoding"] && { contentEncoding: headers["content-encoding"] }),
      ...(headers["content-language"] && { contentLanguage: headers["content-language"] }),
      ...(headers["content-disposition"] && { contentDisposition: headers["content-disposition"] }),
      ...(headers["cache-control"] && { cacheControl: headers["cache-control"] }),
      ...(typeof headers["content-md5"] === "string" && { contentMD5: headers["content-md5"] }),
    },
    metadata: {},
    tags: {},
    bytes,
  };
}

/** The bytes, the final result of the copy, or the status description until the next attempt. */
type ReadResult = { bytes: Buffer } | { result: CopyResult } | { retry: string };

/** After a restart, the URL's query is unknown: it may be a secret and is never stored. */
const unknownUrl: ReadResult = {
  result: { status: "failed", description: failureDescriptions.sourceForbidden },
};

function storedUrl({ source }: Copy): URL | undefined {
  const url = new URL(source);
  return url.search === "" ? url : undefined;
}

async function readSource(
  url: URL,
  { total, sourceEtag }: PendingCopy,
  signal: AbortSignal,
): Promise<ReadResult> {
  const describe = (problem: string) => `${problem} "Copy failed when reading the source."`;
  try {
    const response = await sendGet(url, signal);
    const { statusCode = 500 } = response;
    if (statusCode !== 200) {
      response.destroy();
      if (statusCode >= 500) return { retry: describe("502 BadGateway") };
      const keyword = keywords.get(statusCode) ?? "InvalidInput";
      return failed(describe(`${statusCode >= 400 ? statusCode : 400} ${keyword}`));
    }
    const isSame = sourceEtag === "" || sourceEtag === readEtag(response);
    const bytes = isSame ? await readBody(response) : null;
    response.destroy();
    return bytes?.length === total ? { bytes } : failed(failureDescriptions.sourceChanged);
  } catch {
    return { retry: describe("502 BadGateway") };
  }
}

const keywords = new Map([
  [401, "NoAuthenticationInformation"],
  [403, "AuthenticationFailed"],
  [404, "ResourceNotFound"],
  [410, "ResourceNotFound"],
  [412, "ConditionNotMet"],
]);

function failed(description: string): ReadResult {
  return { result: { status: "failed", description } };
}

/** Does nothing if the copy was aborted or replaced while its source was read. */
function applyReadResult(
  store: Store,
  {
    copy,
    copyId,
    read,
    clock,
  }: { copy: PendingCopy; copyId: string; read: ReadResult; clock: Clock },
): void {
  const blob = findBlobById(store, copy.destination);
  if (blob?.copy?.id !== copyId || blob.copy.status !== "pending") return;
  const { at } = predictEnd(copy);
  if ("bytes" in read) {
    const { bytes } = read;
    const content = addContent(store, bytes.length === 0 ? [] : [createBlock(store, bytes)]);
    endCopy(store, { ...copy, content }, { result: { status: "success" }, at });
  } else if ("result" in read) {
    endCopy(store, copy, { result: read.result, at });
  } else {
    const countedFrom = clock.now() + retryDelayMs;
    const lastAt = copy.startedAt + maxCopyMs;
    if (clock.now() >= lastAt) {
      const result: CopyResult = { status: "failed", description: failureDescriptions.tooLong };
      endCopy(store, copy, { result, at: lastAt });
      return;
    }
    saveBlob(store, { ...blob, copy: { ...blob.copy, description: read.retry } });
    savePendingCopy(store, { ...copy, countedFrom, countedBytes: copy.total, steps: null });
  }
}

/** Resolves when the response headers arrive. */
function sendGet(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const start = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const outgoing = start(url, { timeout: responseTimeoutMs, agent: false, signal }, resolve);
    outgoing.on("timeout", () => outgoing.destroy(new Error("The copy source does not respond")));
    outgoing.on("error", reject);
    outgoing.end();
  });
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length; // chunks are bytes because no encoding was set
    if (length > maxSourceBytes)
      throw new Error(`The copy source is longer than ${maxSourceBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function readEtag({ headers }: IncomingMessage): string {
  return (headers.etag ?? "").replace(/^"|"$/g, "");
}
