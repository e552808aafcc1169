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

/** `account` is devstoreaccount1 where it is left out. */
export type CopyDestination =
  | { account?: string; container: string; blob: string }
  | { account?: string; share: string; path: string };

/** What may befall one pending copy. Each throws when none is pending on the destination. */
export type CopyControls = {
  /** No byte more, until `resume`. */
  stall(destination: CopyDestination): void;
  /** Goes on with its old speed, or another. */
  resume(destination: CopyDestination, bytesPerSecond?: number): void;
  /** A note as the service writes it while it retries: `502 BadGateway "..."`. Null takes it away. */
  warn(destination: CopyDestination, description: string | null): void;
  /** Fails now; `description` is a status, a keyword and a quoted sentence. */
  fail(destination: CopyDestination, description?: string): void;
  /** Succeeds now, whatever was left. */
  finish(destination: CopyDestination): void;
};

const defaultAccount = "devstoreaccount1";
const defaultFailure = '500 OperationCancelled "The copy failed when reading the source."';

/** `changed` is called after each of them. */
export function copyControls(store: Store, now: () => number, changed: () => void): CopyControls {
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
        endCopy(store, copy, { end: { status: "failed", description }, at }),
      );
    },
    finish(destination) {
      change("finish", destination, (copy, _, at) => {
        // From outside of Storage the bytes have yet to come: the next request waits for them.
        if (copy.sourceService === "web") savePendingCopy(store, withSpeed(copy, Infinity, at));
        else endCopy(store, copy, { end: { status: "success" }, at });
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
    throw new Error(`Cannot ${action} copy as none is pending on "${name}"`);
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
