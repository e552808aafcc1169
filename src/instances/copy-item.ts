import type { InstanceId } from "../copy/contract/ids.ts";
import type { Cause } from "../copy/contract/failure.ts";
import type { ListedCopy } from "../ledger/record.ts";
import { copyLinks } from "./copy-view.ts";
import type { CopyView, ProgressView } from "./copy-view.ts";

/** One copy in a list: fewer fields than `CopyView`, because most copies are read from the columns of a listing. */
export type CopyItem = {
  id: InstanceId;
  status: CopyView["status"];
  source: string;
  destination: string;
  createdAt: string;
  completedAt: string | null;
  /** Why it failed. */
  cause: Cause | null;
  /** The bytes that Storage has copied. */
  bytes: number | null;
  /** While it runs. */
  progress: ProgressView | null;
  links: CopyView["links"];
};

/** Builds the item of a copy that was read. */
export function itemOfView(view: CopyView): CopyItem {
  const { id, status, source, destination, createdAt, completedAt } = view;
  const { error, progress, links } = view;
  return {
    id,
    status,
    source,
    destination,
    createdAt,
    completedAt,
    cause: error?.cause ?? null,
    bytes: progress?.bytesCopied ?? null,
    progress: completedAt === null ? progress : null,
    links,
  };
}

/** Builds the item of an ended copy from its columns; null if it is running, or if a column is missing. */
export function itemOfColumns(listed: ListedCopy, path: string): CopyItem | null {
  const { instanceId: id, status, source, destination, createdAt, completedAt } = listed;
  const { cause, bytes } = listed;
  if (status === "running" || source === null || destination === null) return null;
  if (createdAt === null || completedAt === null) return null;
  return {
    id,
    status,
    source,
    destination,
    createdAt,
    completedAt,
    cause,
    bytes,
    progress: null,
    links: copyLinks(id, path),
  };
}
