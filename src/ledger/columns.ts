import { causes } from "../copy/contract/failure.ts";
import type { Cause } from "../copy/contract/failure.ts";
import type { ListedBlob } from "./conditional-blobs.ts";
import { instanceOf, recordsFolder, timeOfPosition } from "./instance-id.ts";
import type { ListedCopy } from "./record.ts";

/** Reads a copy from the columns of its record. */
export function readListedCopy({ name, metadata }: ListedBlob): ListedCopy {
  const position = name.slice(recordsFolder.length);
  const column = (key: string) => readColumn(metadata, key);
  const cause = column("cause");
  const bytes = column("bytes");
  return {
    instanceId: instanceOf(name),
    isDeleted: column("deletedAt") !== null,
    position,
    time: timeOfPosition(position),
    status: statuses.find((status) => status === column("status")) ?? "running",
    source: column("source"),
    destination: column("destination"),
    createdAt: column("createdAt"),
    completedAt: column("completedAt"),
    owner: column("owner"),
    cause: cause !== null && isCause(cause) ? cause : null,
    bytes: bytes === null ? null : Number(bytes),
  };
}

const statuses = ["succeeded", "skipped", "failed", "aborted"] as const;

function isCause(text: string): text is Cause {
  return Object.hasOwn(causes, text);
}

/** Reads a column. Storage preserves the case of a metadata name, but a proxy or another tool may not. */
export function readColumn(metadata: Record<string, string>, name: string): string | null {
  const wanted = name.toLowerCase();
  const found = Object.entries(metadata).find(([key]) => key.toLowerCase() === wanted);
  return found?.[1] ?? null;
}
