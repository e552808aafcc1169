import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import type { Clock } from "../../clock.ts";
import { findBlobById, saveBlob, type Copy } from "../store/blob-rows.ts";
import { addContent, createBlock } from "../store/content-blocks.ts";
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

/** Copies from URLs outside of Storage: really fetched, and over when the emulator's clock says so. */
export type WebSources = {
  /** Asks for a source as the start of a copy does. */
  fetchSource(wanted: NeedsFetch): Promise<FetchedSource>;
  /** A started copy reads this URL at its end. Its query may be a secret: it is nowhere else. */
  rememberUrl(copyId: string, url: URL): void;
  /** Reads the sources of the copies that are due by now, and ends these. */
  endDue(): Promise<void>;
  close(): void;
};

/**
 * Acts on a request when the copies from outside that are due have ended; and where its own source
 * is outside, asks there in between. Everything else about the request was found right before.
 */
export async function fetchAndRetry(
  web: WebSources,
  act: (webSource?: FetchedSource) => StorageResponse,
): Promise<StorageResponse> {
  await web.endDue();
  try {
    return act();
  } catch (error) {
    if (!(error instanceof NeedsFetch)) throw error;
    const answer = act(await web.fetchSource(error));
    web.rememberUrl(answer.headers?.["x-ms-copy-id"] ?? "", error.url);
    return answer;
  }
}

/** A URL that does not answer within this time is not there. */
const responseTimeoutMs = 10_000;
/** Where a source cannot be read for the moment, the copy stays pending and tries again. */
const retryMs = 60_000;
const maxSourceBytes = 512 * 1024 * 1024;

export function webSources(store: Store, clock: Clock): WebSources {
  const urls = new Map<string, URL>();
  const ending = new Map<number, Promise<void>>();
  const closing = new AbortController();

  async function end(copy: PendingCopy): Promise<void> {
    const { end: due } = predictEnd(copy);
    const started = findBlobById(store, copy.destination)?.copy;
    if (started == null) return;
    const url = urls.get(started.id) ?? storedUrl(started);
    const outcome =
      due.status !== "success"
        ? { end: due }
        : url
          ? await readSource(url, copy, closing.signal)
          : unknownUrl;
    if (closing.signal.aborted) return;
    store.transaction(() => applyReadResult(store, { copy, copyId: started.id, outcome, clock }));
    if (!("retry" in outcome)) urls.delete(started.id);
  }

  return {
    fetchSource: (wanted) => fetchHead(wanted, closing.signal),
    rememberUrl(copyId, url) {
      urls.set(copyId, url);
    },
    async endDue() {
      for (const copy of dueWebCopies(store, clock.now())) {
        const work = ending.get(copy.destination) ?? end(copy);
        ending.set(copy.destination, work);
        await work.finally(() => ending.delete(copy.destination));
      }
    },
    close: () => closing.abort(),
  };
}

/**
 * "Any URL that answers GET": so the headers of a GET are read, and no more of it. A signed URL
 * often allows nothing else. Redirects are not followed.
 */
async function fetchHead(
  { url, withBody }: NeedsFetch,
  signal: AbortSignal,
): Promise<FetchedSource> {
  let answer: IncomingMessage;
  try {
    answer = await sendGet(url, signal);
  } catch {
    return new StorageError("CannotVerifyCopySource");
  }
  const { statusCode = 500, headers } = answer;
  const length = Number(headers["content-length"] ?? "NaN");
  if (statusCode !== 200 || Number.isNaN(length)) {
    answer.destroy();
    return new StorageError("CannotVerifyCopySource", {
      // A source's own refusal is mirrored; what is no answer at all is the request's fault.
      status: statusCode >= 400 ? statusCode : 400,
      message:
        statusCode === 200
          ? "The copy source tells no Content-Length."
          : `The copy source answered ${statusCode}.`,
    });
  }
  const bytes = withBody ? await readBody(answer).catch(() => null) : null;
  answer.destroy();
  if (withBody && bytes === null) return new StorageError("CannotVerifyCopySource");
  return {
    service: "web",
    id: 0,
    etag: readEtag(answer),
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

type ReadResult = { bytes: Buffer } | { end: CopyResult } | { retry: string };

/** After a restart the query of a URL, which may be a secret, is not known any more. */
const unknownUrl: ReadResult = {
  end: { status: "failed", description: failureDescriptions.sourceForbidden },
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
  const failing = (problem: string) => `${problem} "Copy failed when reading the source."`;
  try {
    const answer = await sendGet(url, signal);
    const { statusCode = 500 } = answer;
    if (statusCode !== 200) {
      answer.destroy();
      if (statusCode >= 500) return { retry: failing("502 BadGateway") };
      const keyword = keywords.get(statusCode) ?? "InvalidInput";
      return failed(failing(`${statusCode >= 400 ? statusCode : 400} ${keyword}`));
    }
    const isSame = sourceEtag === "" || sourceEtag === readEtag(answer);
    const bytes = isSame ? await readBody(answer) : null;
    answer.destroy();
    return bytes?.length === total ? { bytes } : failed(failureDescriptions.sourceChanged);
  } catch {
    return { retry: failing("502 BadGateway") };
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
  return { end: { status: "failed", description } };
}

/** Does nothing where the copy was aborted or replaced while its source was read. */
function applyReadResult(
  store: Store,
  {
    copy,
    copyId,
    outcome,
    clock,
  }: { copy: PendingCopy; copyId: string; outcome: ReadResult; clock: Clock },
): void {
  const blob = findBlobById(store, copy.destination);
  if (blob?.copy?.id !== copyId || blob.copy.status !== "pending") return;
  const { at } = predictEnd(copy);
  if ("bytes" in outcome) {
    const { bytes } = outcome;
    const content = addContent(store, bytes.length === 0 ? [] : [createBlock(store, bytes)]);
    endCopy(store, { ...copy, content }, { end: { status: "success" }, at });
  } else if ("end" in outcome) {
    endCopy(store, copy, { end: outcome.end, at });
  } else {
    const countedFrom = clock.now() + retryMs;
    const lastAt = copy.startedAt + maxCopyMs;
    if (clock.now() >= lastAt) {
      const end: CopyResult = { status: "failed", description: failureDescriptions.tooLong };
      endCopy(store, copy, { end, at: lastAt });
      return;
    }
    saveBlob(store, { ...blob, copy: { ...blob.copy, description: outcome.retry } });
    savePendingCopy(store, { ...copy, countedFrom, countedBytes: copy.total, steps: null });
  }
}

/** Resolves when the headers have come. */
function sendGet(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const start = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const outgoing = start(url, { timeout: responseTimeoutMs, agent: false, signal }, resolve);
    outgoing.on("timeout", () => outgoing.destroy(new Error("The copy source does not answer")));
    outgoing.on("error", reject);
    outgoing.end();
  });
}

async function readBody(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length; // no encoding was set, so the chunks are bytes
    if (length > maxSourceBytes)
      throw new Error("The copy source is longer than the emulator takes");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function readEtag({ headers }: IncomingMessage): string {
  return (headers.etag ?? "").replace(/^"|"$/g, "");
}
