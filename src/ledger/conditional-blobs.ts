import { RestError } from "@azure/storage-blob";
import type { ContainerClient } from "@azure/storage-blob";
import { parseJson } from "../copy/json.ts";
import { epochMs } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { DamagedBlobError, LedgerError } from "./ledger-error.ts";

/** Small JSON blobs that are only written under a condition. */
export type ConditionalBlobs = {
  /** Returns the ETag; null if the blob exists. */
  create(name: string, content: unknown, metadata?: Record<string, string>): Promise<string | null>;
  /** Returns the new ETag; null if the blob no longer has this one. */
  replace(
    name: string,
    content: unknown,
    etag: string,
    metadata?: Record<string, string>,
  ): Promise<string | null>;
  /** `isShape` is true for content that Ferry can have written. Other content, such as invalid JSON, is an error. */
  read<T>(name: string, isShape?: IsShape): Promise<Found<T> | null>;
  /**
   * Reads, changes and writes the blob, again after each write that lost to another writer; `update` returns null to
   * leave the blob unchanged. Returns the content afterwards; null if there is no blob.
   */
  change<T>(name: string, update: (content: T) => T | null, isShape?: IsShape): Promise<T | null>;
  /** Removes the blob; with `etag`, only if it still has this ETag. */
  remove(name: string, options?: RemoveOptions): Promise<Removed>;
  /** Takes a snapshot of the blob if it still has this ETag, which stays the same. */
  snapshot(name: string, etag: string): Promise<boolean>;
  /**
   * Up to `limit` blobs whose names begin with `prefix`, in order; `marker` is null at the end. `startFrom`: no name
   * before this one ("List Blobs", since version 2026-02-06).
   */
  list(prefix: string, page: PageStart & { startFrom?: string }): Promise<BlobPage>;
  /** The names of the folders directly below `prefix`; each ends with a slash. */
  listFolders(prefix: string, page: PageStart): Promise<NamePage>;
};

export type IsShape = (json: unknown) => boolean;

/** `changedAt`: Last-Modified (epoch ms). */
export type Found<T> = { content: T; etag: string; changedAt: EpochMs };

export type RemoveOptions = { etag?: string; withSnapshots?: boolean };

export type Removed =
  | "removed"
  /** The blob does not exist. */
  | "missing"
  /** It has a different ETag. */
  | "changed"
  /** It has snapshots, and without `withSnapshots` Storage does not delete it ("Delete Blob", 409). */
  | "has-snapshots";

export type PageStart = { marker: string | null; limit: number };
export type ListedBlob = { name: string; metadata: Record<string, string>; changedAt: EpochMs };
/** `marker`: where the next page begins. A short or empty page is not always the last ("List Blobs"). */
export type BlobPage = { blobs: ListedBlob[]; marker: string | null };
export type NamePage = { names: string[]; marker: string | null };

/**
 * Creates the blobs over one container, which is created when a write finds it missing. The SDK may send a write twice
 * when the response is lost: then the second fails its condition although the first won. Callers must read the blob
 * before they conclude that they lost. Throws `LedgerError`.
 */
export function createConditionalBlobs(container: ContainerClient): ConditionalBlobs {
  const createContainer = async () => {
    try {
      await container.createIfNotExists();
    } catch (error) {
      throw new LedgerError("create the container of", { cause: error });
    }
  };

  const write = async (
    name: string,
    content: unknown,
    conditions: { ifMatch: string } | { ifNoneMatch: "*" },
    metadata?: Record<string, string>,
  ): Promise<string | null> => {
    checkName(name);
    const body = JSON.stringify(content);
    const upload = () =>
      container.getBlockBlobClient(name).upload(body, Buffer.byteLength(body), {
        conditions,
        blobHTTPHeaders: { blobContentType: "application/json" },
        ...(metadata === undefined ? {} : { metadata }),
      });
    try {
      const response = await upload().catch(async (error: unknown) => {
        if (!isContainerMissing(error)) throw error;
        await createContainer();
        return await upload();
      });
      return response.etag ?? null;
    } catch (error) {
      if (isConditionLost(error)) return null;
      throw error instanceof LedgerError ? error : new LedgerError("write to", { cause: error });
    }
  };

  const read = async <T>(name: string, isShape?: IsShape): Promise<Found<T> | null> => {
    checkName(name);
    try {
      const blob = container.getBlobClient(name);
      const response = await blob.download();
      const text = await readText(response.readableStreamBody);
      const json = parseJson(text);
      if (json === undefined || isShape?.(json) === false) {
        throw new DamagedBlobError(`${container.containerName}/${name}`);
      }
      // Only this file writes these blobs, and each prefix has one shape.
      const content = json as T;
      const changedAt = epochMs(response.lastModified?.getTime() ?? 0);
      return { content, etag: response.etag ?? "", changedAt };
    } catch (error) {
      if (error instanceof RestError && error.statusCode === 404) return null;
      throw error instanceof LedgerError ? error : new LedgerError("read", { cause: error });
    }
  };

  return {
    create: (name, content, metadata) => write(name, content, { ifNoneMatch: "*" }, metadata),
    replace: (name, content, etag, metadata) => write(name, content, { ifMatch: etag }, metadata),
    read,
    async change<T>(
      name: string,
      update: (content: T) => T | null,
      isShape?: IsShape,
    ): Promise<T | null> {
      for (;;) {
        const found = await read<T>(name, isShape);
        if (found === null) return null;
        const next = update(found.content);
        if (next === null) return found.content;
        if ((await write(name, next, { ifMatch: found.etag })) !== null) return next;
      }
    },
    async remove(name, { etag, withSnapshots = false } = {}) {
      checkName(name);
      try {
        await container.getBlobClient(name).delete({
          ...(etag === undefined ? {} : { conditions: { ifMatch: etag } }),
          ...(withSnapshots ? { deleteSnapshots: "include" } : {}),
        });
        return "removed";
      } catch (error) {
        if (error instanceof RestError && error.statusCode === 404) return "missing";
        if (error instanceof RestError && error.code === "SnapshotsPresent") return "has-snapshots";
        if (isConditionLost(error)) return "changed";
        throw new LedgerError("write to", { cause: error });
      }
    },
    async snapshot(name, etag) {
      checkName(name);
      try {
        await container.getBlobClient(name).createSnapshot({ conditions: { ifMatch: etag } });
        return true;
      } catch (error) {
        if (error instanceof RestError && error.statusCode === 404) return false;
        if (isConditionLost(error)) return false;
        throw new LedgerError("write to", { cause: error });
      }
    },
    async list(prefix, { marker, limit, startFrom }) {
      try {
        const start = startFrom === undefined ? {} : { startFrom };
        const pages = container.listBlobsFlat({ prefix, includeMetadata: true, ...start }).byPage({
          maxPageSize: limit,
          ...(marker === null ? {} : { continuationToken: marker }),
        });
        const { value } = await pages.next();
        const blobs: ListedBlob[] = [];
        for (const { name, metadata = {}, properties } of value?.segment.blobItems ?? []) {
          blobs.push({ name, metadata, changedAt: epochMs(properties.lastModified.getTime()) });
        }
        // Azure and the SDK return "" at the end.
        return { blobs, marker: value?.continuationToken || null };
      } catch (error) {
        if (isContainerMissing(error)) return { blobs: [], marker: null };
        throw new LedgerError("list", { cause: error });
      }
    },
    async listFolders(prefix, { marker, limit }) {
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
        if (isContainerMissing(error)) return { names: [], marker: null };
        throw new LedgerError("list", { cause: error });
      }
    },
  };
}

function isContainerMissing(error: unknown): boolean {
  return error instanceof RestError && error.code === "ContainerNotFound";
}

/** Names in the ledger are ids, hashes and fixed words. */
const nameForm = /^[\w-]+(?:\/[\w-]+)+$/;

/**
 * Rejects a name that the SDK would resolve to a blob of another container (".."), and every other name that the ledger
 * does not build. Only a bug in Ferry can cause this, because activities check all ids of their inputs.
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
