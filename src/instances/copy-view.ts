import type { CopyState } from "../copy/contract/custom-status.ts";
import type { Progress } from "../copy/contract/copy-status.ts";
import { endpointUrl } from "../copy/location/endpoint.ts";
import { failure } from "../copy/contract/failure.ts";
import type { Failure } from "../copy/contract/failure.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import type { CopyRun } from "./copy-instance.ts";

/** A copy as every caller sees it. Times are ISO 8601; nothing in it is secret. */
export type CopyView = {
  id: string;
  status: CopyState["status"] | Outcome["status"];
  source: string;
  destination: string;
  copyId: string | null;
  copyStatus: CopyState["copyStatus"];
  abortRequested: boolean;
  progress: ProgressView | null;
  statusReads: number;
  nextReadAt: string | null;
  warning: string | null;
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
  lastUpdatedAt: string;
  error: Failure | null;
  /** Why nothing was copied, for `skipped`. */
  reason: string | null;
  residue: string[];
  links: { self: string; abort: string };
};

export type ProgressView = Progress & {
  percent: number;
  bytesPerSecond: number | null;
  estimatedCompletion: string | null;
  readAt: string | null;
};

/** `path` is the path of the copies, for example "/api/copies". */
export function copyView({ id, copy, state, ending }: CopyRun, path: string): CopyView {
  const outcome = ending.kind === "ended" ? ending.outcome : null;
  const broken = ending.kind === "broken" ? ending.at : null;
  const progress = outcome?.progress ?? state?.progress ?? null;
  return {
    id,
    status: outcome?.status ?? (broken === null ? (state?.status ?? "queued") : "failed"),
    source: endpointUrl(copy.source),
    destination: endpointUrl(copy.destination),
    copyId: outcome?.copyId ?? state?.copyId ?? null,
    copyStatus: outcome?.copyStatus ?? state?.copyStatus ?? null,
    abortRequested: outcome?.abortRequested ?? state?.abortRequested ?? false,
    progress: progress === null ? null : progressView(progress, state),
    statusReads: outcome?.statusReads ?? state?.statusReads ?? 0,
    nextReadAt: ending.kind === "running" ? (state?.nextReadAt ?? null) : null,
    warning: ending.kind === "running" ? (state?.warning ?? null) : null,
    createdAt: copy.createdAt,
    startedAt: outcome?.startedAt ?? state?.startedAt ?? null,
    completedAt: outcome?.completedAt ?? broken,
    lastUpdatedAt: outcome?.settledAt ?? broken ?? state?.lastUpdatedAt ?? copy.createdAt,
    error: outcome?.status === "failed" ? outcome.failure : broken === null ? null : brokenRun(id),
    reason: outcome?.status === "skipped" ? outcome.reason : null,
    residue: outcome?.residue ?? [],
    links: { self: `${path}/${id}`, abort: `${path}/${id}/abort` },
  };
}

function progressView(progress: Progress, state: CopyState | null): ProgressView {
  const { bytesCopied, totalBytes } = progress;
  return {
    bytesCopied,
    totalBytes,
    percent: totalBytes === 0 ? 100 : Math.floor((bytesCopied / totalBytes) * 1_000) / 10,
    bytesPerSecond: state?.bytesPerSecond ?? null,
    estimatedCompletion: state?.estimatedCompletion ?? null,
    readAt: state?.readAt ?? null,
  };
}

/** Durable itself failed or terminated the run; its own text may quote inputs and stays unshown. */
function brokenRun(id: string): Failure {
  return failure(
    "internal",
    `Cannot tell how the copy ended as its orchestration was broken off: ${id}`,
  );
}
