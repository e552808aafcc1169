import type { CopyId, InstanceId } from "../copy/contract/ids.ts";
import type { CustomStatus } from "../copy/contract/custom-status.ts";
import type { Progress } from "../copy/contract/copy-status.ts";
import { endpointUrl } from "../copy/location/endpoint.ts";
import { failure } from "../copy/contract/failure.ts";
import type { Failure } from "../copy/contract/failure.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import type { CopyRecord } from "../ledger/record.ts";
import type { CopyInstance } from "./copy-instance.ts";

/** A copy as callers see it. Times are ISO 8601; it contains no secret. */
export type CopyView = {
  id: InstanceId;
  status: CustomStatus["status"] | Outcome["status"];
  /** The copy that this one repeats. */
  retryOf: InstanceId | null;
  source: string;
  destination: string;
  copyId: CopyId | null;
  copyStatus: CustomStatus["copyStatus"];
  abortRequested: boolean;
  progress: ProgressView | null;
  statusReads: number;
  nextReadAt: string | null;
  warning: string | null;
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
  /** Storage's own completion time (x-ms-copy-completion-time). */
  copyCompletedAt: string | null;
  lastUpdatedAt: string;
  error: Failure | null;
  /** Why nothing was copied, for `skipped`. */
  reason: string | null;
  residue: string[];
  links: { self: string; abort: string; retry: string; timeline: string };
};

export type ProgressView = Progress & {
  percent: number;
  bytesPerSecond: number | null;
  estimatedCompletion: string | null;
  readAt: string | null;
};

/** Builds the public view of a copy. `path` is the path of all copies, for example "/api/copies". */
export function copyView({ copy, ...instance }: CopyInstance, path: string): CopyView {
  const { createdAt, retryOf = null } = copy;
  const [source, destination] = [endpointUrl(copy.source), endpointUrl(copy.destination)];
  return buildView({ ...instance, source, destination, createdAt, retryOf }, path);
}

/** Builds the view of an ended copy whose Durable instance no longer exists; null if its record lacks a part. */
export function recordedView(
  id: InstanceId,
  { source, destination, createdAt, retryOf, outcome }: CopyRecord,
  path: string,
): CopyView | null {
  if (source === null || destination === null || createdAt === null || outcome === null)
    return null;
  const execution = { kind: "ended", outcome } as const;
  const known = { id, source, destination, createdAt, retryOf };
  return buildView({ ...known, customStatus: null, execution }, path);
}

/** The parts of a copy from which its view is built. */
type ViewedCopy = Omit<CopyInstance, "copy"> &
  Pick<CopyView, "source" | "destination" | "createdAt" | "retryOf">;

function buildView(
  { id, source, destination, createdAt, retryOf, customStatus, execution }: ViewedCopy,
  path: string,
): CopyView {
  const outcome = execution.kind === "ended" ? execution.outcome : null;
  const brokenAt = execution.kind === "broken" ? execution.at : null;
  const progress = outcome?.progress ?? customStatus?.progress ?? null;
  return {
    id,
    status: outcome?.status ?? (brokenAt === null ? (customStatus?.status ?? "queued") : "failed"),
    retryOf,
    source,
    destination,
    copyId: outcome?.copyId ?? customStatus?.copyId ?? null,
    copyStatus: outcome?.copyStatus ?? customStatus?.copyStatus ?? null,
    abortRequested: outcome?.abortRequested ?? customStatus?.abortRequested ?? false,
    progress: progress === null ? null : progressView(progress, customStatus),
    statusReads: outcome?.statusReads ?? customStatus?.statusReads ?? 0,
    nextReadAt: execution.kind === "running" ? (customStatus?.nextReadAt ?? null) : null,
    warning: execution.kind === "running" ? (customStatus?.warning ?? null) : null,
    createdAt,
    startedAt: outcome?.startedAt ?? customStatus?.startedAt ?? null,
    completedAt: outcome?.completedAt ?? brokenAt,
    copyCompletedAt: outcome?.copyCompletedAt ?? null,
    lastUpdatedAt: outcome?.settledAt ?? brokenAt ?? customStatus?.lastUpdatedAt ?? createdAt,
    error:
      outcome?.status === "failed"
        ? outcome.failure
        : brokenAt === null
          ? null
          : brokenInstance(id),
    reason: outcome?.status === "skipped" ? outcome.reason : null,
    residue: outcome?.residue ?? [],
    links: copyLinks(id, path),
  };
}

/** Builds the links of a copy; `path` is the path of all copies. */
export function copyLinks(id: InstanceId, path: string): CopyView["links"] {
  const self = `${path}/${id}`;
  return { self, abort: `${self}/abort`, retry: `${self}/retry`, timeline: `${self}/timeline` };
}

function progressView(progress: Progress, customStatus: CustomStatus | null): ProgressView {
  const { bytesCopied, totalBytes } = progress;
  return {
    bytesCopied,
    totalBytes,
    percent: totalBytes === 0 ? 100 : Math.floor((bytesCopied / totalBytes) * 1_000) / 10,
    bytesPerSecond: customStatus?.bytesPerSecond ?? null,
    estimatedCompletion: customStatus?.estimatedCompletion ?? null,
    readAt: customStatus?.readAt ?? null,
  };
}

/** Durable failed or terminated the instance. Durable's own text is not shown, because it may quote inputs. */
export function brokenInstance(id: InstanceId): Failure {
  return failure(
    "internal",
    `Cannot determine how the copy ended because its orchestration failed or was terminated: ${id}`,
  );
}
