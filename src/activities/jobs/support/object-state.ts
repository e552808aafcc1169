import { failure } from "../../../copy/contract/failure.ts";
import type { CopyStatus } from "../../../copy/contract/copy-status.ts";
import type { CopyId } from "../../../copy/contract/ids.ts";
import { interpretStatus } from "../../../copy/decisions/read-status.ts";
import { endpointUrl } from "../../../copy/location/endpoint.ts";
import type { EpochMs } from "../../../copy/time.ts";
import type {
  ObjectState,
  PagePlan,
  PendingFacts,
  PlannedObject,
  Residue,
} from "../../../jobs/contract/page.ts";
import { blobIn } from "../../../jobs/contract/job-input.ts";
import type { DestinationState, JobObject } from "../../../jobs/contract/storage.ts";
import type { JobRun } from "./job-run.ts";
import { findUnsealError, openSide } from "./job-sides.ts";

/** The blob of an object at the source or the destination. */
export function sourceOf({ sides, record }: JobRun, { name }: PlannedObject): JobObject {
  return { ...openSide(sides.source), name: `${record.input.source.prefix}${name}` };
}

export function destinationOf({ sides, record }: JobRun, { name }: PlannedObject): JobObject {
  return { ...openSide(sides.destination), name: `${record.input.destination.prefix}${name}` };
}

/** A copy of an object, with the facts of its pending state. `since`: when it was started (epoch ms). */
export type ObjectCopy = {
  object: PlannedObject;
  copyId: CopyId;
  since: EpochMs;
} & PendingFacts;

/** The state of a copy according to its destination. `stubEtag`: of the empty blob that must be removed; null if none. */
export type ObservedCopy = { state: ObjectState; stubEtag: string | null };

/** Returns the state of a copy that the job started. `seen`: its destination; null if that does not exist. */
export function observeCopy(
  run: JobRun,
  plan: Pick<PagePlan, "plannedAt">,
  { object, copyId, since, ...facts }: ObjectCopy,
  seen: DestinationState | null,
): ObservedCopy {
  const now = run.deps.now();
  const onto = object.do.kind === "copy" ? object.do.onto : null;
  // The terms of the source's SAS can only refine the cause of a failed copy.
  const access = findUnsealError(run.sides.source) === null ? run.sides.source.access() : null;
  const copyPlan = {
    source: {
      etag: object.etag,
      length: object.length,
      ...(object.md5 === undefined ? {} : { contentMd5: object.md5 }),
    },
    destinationEtag: onto?.kind === "etag" ? onto.etag : null,
    plannedAt: plan.plannedAt,
    ...(facts.found && { found: facts.found }),
  };
  const status = interpretStatus(
    { plan: copyPlan, copyId },
    seen === null ? null : { ...seen, metadata: {} },
    { sas: access?.kind === "sas" ? access.sas : null, now },
  );
  // Complete content is never removed: the copy may have been found after an unclear start, and be another client's.
  const isNew = onto?.kind === "absent" && seen?.copy?.status !== "success";
  const stub = (etag: string) => (isNew ? etag : null);
  const url = endpointUrl(blobIn(run.sides.destination, destinationOf(run, object).name));
  const replacesPlanned = object.do.kind === "copy" && onto?.kind === "etag" && !object.do.ontoStub;
  const residue: Residue =
    replacesPlanned || facts.overwrote === true ? { isFormerGone: true } : {};
  return toObserved(status, { copyId, since, now, url, stub, residue, facts });
}

function toObserved(
  status: CopyStatus,
  {
    copyId,
    since,
    now,
    url,
    stub,
    residue,
    facts,
  }: {
    copyId: CopyId;
    since: EpochMs;
    now: EpochMs;
    url: string;
    stub(etag: string): string | null;
    residue: Residue;
    facts: PendingFacts;
  },
): ObservedCopy {
  const failed = (cause: "superseded" | "internal", message: string): ObservedCopy => ({
    state: { is: "failed", cause, message, copyId },
    stubEtag: null,
  });
  switch (status.kind) {
    case "pending": {
      const bytes = status.progress?.bytesCopied ?? 0;
      return { state: { is: "pending", copyId, since, bytes, ...facts }, stubEtag: null };
    }
    case "success": {
      const ms = Math.max(0, (status.endedAt ?? now) - since);
      return { state: { is: "copied", copyId, etag: status.etag, ms }, stubEtag: null };
    }
    case "failed": {
      const { cause, message } = status.failure;
      const about = `${message}: ${url}`;
      return {
        state: { is: "failed", cause, message: about, copyId, ...residue },
        stubEtag: stub(status.etag),
      };
    }
    case "aborted":
      return { state: { is: "aborted", copyId, ...residue }, stubEtag: stub(status.etag) };
    case "superseded":
    case "gone":
    case "unobservable": {
      const { cause, message } = status.failure;
      return {
        state: { is: "failed", cause, message: `${message}: ${url}`, copyId },
        stubEtag: null,
      };
    }
    case "transient-failure":
      return failed("internal", failure("internal", status.failure.message).message);
  }
}

/** Returns `failed` for a copy that another client aborted: `aborted` is only for an abort of the job. */
export function asForeignAbort(state: ObjectState): ObjectState {
  if (state.is !== "aborted") return state;
  const message = `Cannot finish the copy because another client aborted it: copyId ${state.copyId ?? "unknown"}`;
  return {
    is: "failed",
    cause: "superseded",
    message,
    ...(state.copyId && { copyId: state.copyId }),
    ...(state.isFormerGone && { isFormerGone: true }),
  };
}
