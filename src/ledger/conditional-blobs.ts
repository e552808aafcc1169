import { RestError } from "@azure/storage-blob";
import type { ContainerClient } from "@azure/storage-blob";
import { epochMs } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { LedgerError } from "./ledger-error.ts";

/** Small JSON blobs that are only written under a condition. */
export type ConditionalBlobs = {
  /** False if the blob exists. */
  create(name: string, content: unknown, metadata?: Record<string, string>): Promise<boolean>;
  /** False if the blob no longer has this ETag. */
  replace(name: string, content: unknown, etag: string): Promise<boolean>;
  read<T>(name: string): Promise<Found<T> | null>;
  /**
   * Reads, changes and writes the blob, again after each write that lost to another writer; `update` returns null to
   * leave the blob unchanged. Returns the content afterwards; null if there is no blob.
   */
  change<T>(
    name: string,
    update: (content: T) => T | null,
    metadata?: (content: T) => Record<string, string>,
  ): Promise<T | null>;
  /** Removes the blob; with `etag`, only if it still has this ETag. */
  remove(name: string, etag?: string): Promise<void>;
  /** Up to `limit` names that begin with `prefix`, in order; `marker` is null at the end. */
  list(prefix: string, page: { marker: string | null; limit: number }): Promise<NamePage>;
  /** The same for the folders directly below `prefix`; each name ends with a slash. */
  listFolders(prefix: string, page: { marker: string | null; limit: number }): Promise<NamePage>;
};

/** `changedAt`: Last-Modified (epoch ms). */
export type Found<T> = { content: T; etag: string; changedAt: EpochMs };

/** `marker`: where the next page begins. A short or empty page is not always the last ("List Blobs"). */
export type NamePage = { names: string[]; marker: string | null };

/**
 * Creates the blobs over one container, which is created when it is first written to or listed. The SDK may send a
 * write twice when the response is lost: then the second fails its condition although the first won. Callers must read
 * the blob before they conclude that they lost. Throws `LedgerError`.
 */
export function createConditionalBlobs(container: ContainerClient): ConditionalBlobs {
  let containerExists: Promise<unknown> | null = null;
  const ensureContainer = () =>
    (containerExists ??= container.createIfNotExists().catch((error: unknown) => {
      containerExists = null; // the next call creates it again
      throw new LedgerError("create the container of", { cause: error });
    }));

  const write = async (
    name: string,
    content: unknown,
    conditions: { ifMatch: string } | { ifNoneMatch: "*" },
    metadata?: Record<string, string>,
  ): Promise<boolean> => {
    checkName(name);
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
      if (isConditionLost(error)) return false;
      throw new LedgerError("write to", { cause: error });
    }
  };

  const read = async <T>(name: string): Promise<Found<T> | null> => {
    checkName(name);
    try {
      const blob = container.getBlobClient(name);
      const response = await blob.download();
      const text = await readText(response.readableStreamBody);
      // Only this file writes these blobs, and each prefix has one shape.
      const content = JSON.parse(text) as T;
      const changedAt = epochMs(response.lastModified?.getTime() ?? 0);
      return { content, etag: response.etag ?? "", changedAt };
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
      update: (content: T) => T | null,
      metadata?: (content: T) => Record<string, string>,
    ): Promise<T | null> {
      for (;;) {
        const found = await read<T>(name);
        if (found === null) return null;
        const next = update(found.content);
        if (next === null) return found.content;
        if (await write(name, next, { ifMatch: found.etag }, metadata?.(next))) return next;
      }
    },
    async remove(name, etag) {
      checkName(name);
      const conditions = etag === undefined ? {} : { ifMatch: etag };
      try {
        await container.getBlobClient(name).deleteIfExists({ conditions });
      } catch (error) {
        if (!isConditionLost(error)) throw new LedgerError("write to", { cause: error });
      }
    },
    async list(prefix, { marker, limit }) {
      await ensureContainer();
      try {
        const pages = container.listBlobsFlat({ prefix }).byPage({
          maxPageSize: limit,
          ...(marker === null ? {} : { continuationToken: marker }),
        });
        const { value } = await pages.next();
        const names: string[] = [];
        for (const { name } of value?.segment.blobItems ?? []) names.push(name);
        // Azure and the SDK return "" at the end.
        return { names, marker: value?.continuationToken || null };
      } catch (error) {
        throw new LedgerError("list", { cause: error });
      }
    },
    async listFolders(prefix, { marker, limit }) {
      await ensureContainer();
      try {
        const pages = container.listBlobsByHierarchy("/", { prefix }).byPage({
          maxPageSize: limit,
          ...(marker === null ? {} : { continuationToken: marker }),
        });
        const { value } = await pages.next();
        const names: string[] = [];
        for (const { name } of value?.segment.blobPrefixes ?? []) names.push(name);
        return { names, marker: value?.continuationToken || null };
      } catch (error) {
        throw new LedgerError("list", { cause: error });
      }
    },
  };
}

/** Names in the ledger are ids, hashes and fixed words. */
const nameForm = /^[\w-]+(?:\/[\w-]+)+$/;

/**
 * Rejects a name that the SDK would resolve to a blob of another container (".."), and every other name that the ledger
 * does not build. Only a bug of Ferry gets here: activities check all ids of their inputs.
 */
function checkName(name: string): void {
  if (nameForm.test(name)) return;
  throw new TypeError(
    "Cannot use a blob of the ledger because its name is not one of the ledger's",
  );
}

/** The condition failed: another writer was first. */
function isConditionLost(error: unknown): boolean {
  return (
    error instanceof RestError &&
    (error.statusCode === 412 || (error.statusCode === 409 && error.code === "BlobAlreadyExists"))
  );
}

async function readText(stream: NodeJS.ReadableStream | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
