import { RestError } from "@azure/storage-blob";
import type { ContainerClient } from "@azure/storage-blob";
import { LedgerError } from "./ledger-error.ts";

/** Small JSON blobs that are only ever written under a condition. */
export type ConditionalBlobs = {
  /** False when the blob exists. */
  create(name: string, content: unknown, metadata?: Record<string, string>): Promise<boolean>;
  /** False when the blob is no longer the one with this ETag. */
  replace(name: string, content: unknown, etag: string): Promise<boolean>;
  read<T>(name: string): Promise<Found<T> | null>;
  /**
   * Reads, changes and writes until no other writer comes between; `step` returns null to leave the
   * blob as it is. Returns what stands there afterwards, or null where there is none.
   */
  change<T>(
    name: string,
    step: (content: T) => T | null,
    metadata?: (content: T) => Record<string, string>,
  ): Promise<T | null>;
  /** Removes the blob, if it still is the one with this ETag. */
  remove(name: string, etag?: string): Promise<void>;
  /** Names that begin with `prefix`, in order, at most `most`; `marker` is null at the end. */
  list(prefix: string, page: { marker: string | null; most: number }): Promise<NamePage>;
};

/** `changedAt`: Last-Modified, epoch ms. */
export type Found<T> = { content: T; etag: string; changedAt: number };

/** `marker`: where the list goes on. A page may be short, or empty, and not the last ("List Blobs"). */
export type NamePage = { names: string[]; marker: string | null };

/**
 * The SDK may send a write twice when an answer was lost; the second then fails its condition although
 * the first won. Callers must look at what stands there before they believe that they lost.
 */
export function conditionalBlobs(container: ContainerClient): ConditionalBlobs {
  let containerExists: Promise<unknown> | null = null;
  const ensureContainer = () =>
    (containerExists ??= container.createIfNotExists().catch((error: unknown) => {
      containerExists = null; // the next call tries again
      throw new LedgerError("create the container of", { cause: error });
    }));

  const write = async (
    name: string,
    content: unknown,
    conditions: { ifMatch: string } | { ifNoneMatch: "*" },
    metadata?: Record<string, string>,
  ): Promise<boolean> => {
    await ensureContainer();
    const body = JSON.stringify(content);
    try {
      await container.getBlockBlobClient(name).upload(body, Buffer.byteLength(body), {
        conditions,
        blobHTTPHeaders: { blobContentType: "application/json" },
        ...(metadata === undefined ? {} : { metadata }),
      });
      return true;
    } catch (error) {
      if (isLost(error)) return false;
      throw new LedgerError("write to", { cause: error });
    }
  };

  const read = async <T>(name: string): Promise<Found<T> | null> => {
    await ensureContainer();
    try {
      const blob = container.getBlobClient(name);
      const answer = await blob.download();
      const text = await streamText(answer.readableStreamBody);
      // Only this file writes these blobs, each name with one shape.
      const content = JSON.parse(text) as T;
      const changedAt = answer.lastModified?.getTime() ?? 0;
      return { content, etag: answer.etag ?? "", changedAt };
    } catch (error) {
      if (error instanceof RestError && error.statusCode === 404) return null;
      throw new LedgerError("read", { cause: error });
    }
  };

  return {
    create: (name, content, metadata) => write(name, content, { ifNoneMatch: "*" }, metadata),
    replace: (name, content, etag) => write(name, content, { ifMatch: etag }),
    read,
    async change<T>(
      name: string,
      step: (content: T) => T | null,
      metadata?: (content: T) => Record<string, string>,
    ): Promise<T | null> {
      for (;;) {
        const found = await read<T>(name);
        if (found === null) return null;
        const next = step(found.content);
        if (next === null) return found.content;
        if (await write(name, next, { ifMatch: found.etag }, metadata?.(next))) return next;
      }
    },
    async remove(name, etag) {
      const conditions = etag === undefined ? {} : { ifMatch: etag };
      try {
        await container.getBlobClient(name).deleteIfExists({ conditions });
      } catch (error) {
        if (!isLost(error)) throw new LedgerError("write to", { cause: error });
      }
    },
    async list(prefix, { marker, most }) {
      await ensureContainer();
      try {
        const pages = container
          .listBlobsFlat({ prefix })
          .byPage({ maxPageSize: most, ...(marker === null ? {} : { continuationToken: marker }) });
        const { value } = await pages.next();
        const names: string[] = [];
        for (const { name } of value?.segment.blobItems ?? []) names.push(name);
        // Azure and the SDK say "" where there is nothing more.
        return { names, marker: value?.continuationToken || null };
      } catch (error) {
        throw new LedgerError("list", { cause: error });
      }
    },
  };
}

/** The condition did not hold: somebody else was first. */
function isLost(error: unknown): boolean {
  return (
    error instanceof RestError &&
    (error.statusCode === 412 || (error.statusCode === 409 && error.code === "BlobAlreadyExists"))
  );
}

async function streamText(stream: NodeJS.ReadableStream | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
