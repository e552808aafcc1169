import { findBlob, type Blob } from "../store/blob-rows.ts";
import { findContainer } from "../store/container-rows.ts";
import { findFile, type File } from "../store/file-rows.ts";
import { findShare } from "../store/share-rows.ts";
import {
  endCopy,
  endDueCopies,
  findPendingCopy,
  saveCopyObject,
  savePendingCopy,
  withSpeed,
  type PendingCopy,
} from "./pending-copies.ts";
import type { Store } from "../store/store.ts";

/** The default `account` is devstoreaccount1. */
export type CopyDestination =
  | { account?: string; container: string; blob: string }
  | { account?: string; share: string; path: string };

/** Controls one pending copy. Each function throws if no copy is pending on the destination. */
export type CopyControls = {
  /** Stops copying bytes until `resume`. */
  stall(destination: CopyDestination): void;
  /** Continues with the original speed, or with another. */
  resume(destination: CopyDestination, bytesPerSecond?: number): void;
  /** Sets the status description of a service that retries: `502 BadGateway "..."`. Null clears it. */
  warn(destination: CopyDestination, description: string | null): void;
  /** Fails the copy now. `description` is a status, a keyword and a quoted sentence. */
  fail(destination: CopyDestination, description?: string): void;
  /** Completes the copy now, regardless of its progress. */
  finish(destination: CopyDestination): void;
};

const defaultAccount = "devstoreaccount1";
const defaultFailure = '500 OperationCancelled "The copy failed when reading the source."';

/** Calls `changed` after each control. */
export function createCopyControls(
  store: Store,
  now: () => number,
  changed: () => void,
): CopyControls {
  const change = (
    action: string,
    destination: CopyDestination,
    work: (copy: PendingCopy, object: Blob | File, at: number) => void,
  ) => {
    const at = now();
    store.transaction(() => {
      endDueCopies(store, at);
      const { copy, object } = requirePending(store, action, destination);
      work(copy, object, at);
    });
    changed();
  };

  return {
    stall(destination) {
      change("stall", destination, (copy, _, at) => savePendingCopy(store, withSpeed(copy, 0, at)));
    },
    resume(destination, bytesPerSecond) {
      change("resume", destination, (copy, _, at) =>
        savePendingCopy(store, withSpeed(copy, bytesPerSecond ?? copy.fullBytesPerSecond, at)),
      );
    },
    warn(destination, description) {
      change("warn", destination, (_, object) => {
        if (object.copy?.status !== "pending") return;
        saveCopyObject(store, { ...object, copy: { ...object.copy, description } });
      });
    },
    fail(destination, description = defaultFailure) {
      change("fail", destination, (copy, _, at) =>
        endCopy(store, copy, { result: { status: "failed", description }, at }),
      );
    },
    finish(destination) {
      change("finish", destination, (copy, _, at) => {
        // The bytes of a source outside Storage are not fetched yet: the next request fetches them.
        if (copy.sourceService === "web") savePendingCopy(store, withSpeed(copy, Infinity, at));
        else endCopy(store, copy, { result: { status: "success" }, at });
      });
    },
  };
}

function requirePending(
  store: Store,
  action: string,
  destination: CopyDestination,
): { copy: PendingCopy; object: Blob | File } {
  const { name, object } = findDestination(store, destination);
  const copy = object && findPendingCopy(store, object);
  if (object === undefined || copy === undefined) {
    throw new Error(`Cannot ${action} copy because no copy is pending on "${name}"`);
  }
  return { copy, object };
}

function findDestination(
  store: Store,
  destination: CopyDestination,
): { name: string; object: Blob | File | undefined } {
  const { account = defaultAccount } = destination;
  if ("share" in destination) {
    const { share: shareName, path } = destination;
    const share = findShare(store, { account, name: shareName });
    return {
      name: `${account}/${shareName}/${path}`,
      object: share && findFile(store, share.id, path),
    };
  }
  const { container: containerName, blob } = destination;
  const container = findContainer(store, account, containerName);
  return {
    name: `${account}/${containerName}/${blob}`,
    object: container && findBlob(store, container.id, blob),
  };
}
