import { failure } from "../../copy/contract/failure.ts";
import type { Failure } from "../../copy/contract/failure.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import type { Engine, ObjectResult, ObjectState, PlannedObject } from "../../jobs/contract/page.ts";
import { blobIn } from "../../jobs/contract/job-input.ts";
import type {
  DestinationState,
  StartConditions,
  StartOutcome,
} from "../../jobs/contract/storage.ts";
import { isOurs } from "../../jobs/decisions/is-ours.ts";
import { isAsNew } from "../../jobs/decisions/plan-object.ts";
import { callOrder } from "./job-run.ts";
import type { JobRun } from "./job-run.ts";
import { asForeignAbort, destinationOf, observeCopy, sourceOf } from "./object-state.ts";
import type { PageRun } from "./page-run.ts";

/** What became of an object. */
export type ObjectEnd =
  | { kind: "known"; state: ObjectState }
  /** It holds if no other run has started the object. */
  | { kind: "provisional"; result: ObjectResult }
  /** Storage did not serve the call: start the object again. `state`: as far as it is known. */
  | {
      kind: "again";
      state: ObjectState | null;
      isThrottled: boolean;
      retryAfterMs: number | null;
      failure: Failure;
    };

/** After so many calls without a clear response, an object fails. Throttled calls do not count. */
export const maxTries = 10;

/**
 * Starts the copy of one object under the conditions of the plan. If Storage refuses the start, another run of the page,
 * or an earlier start without a response, may have started it: then the destination decides. Otherwise another writer
 * has changed the destination, and `overwrite` decides.
 */
export async function startObject(run: JobRun, page: PageRun, index: number): Promise<ObjectEnd> {
  const object = page.plan.objects[index];
  if (object === undefined || object.do.kind !== "copy") {
    throw new Error("Cannot start an object because its page plans no copy of it");
  }
  const { engine, onto } = object.do;
  const started = await start(run, page, { object, engine, onto });
  return await judge({ run, page, index, object, engine }, started);
}

type Start = { object: PlannedObject; engine: Engine; onto: StartConditions["destination"] };

async function start(
  run: JobRun,
  { plan }: PageRun,
  { object, engine, onto }: Start,
): Promise<{ outcome: StartOutcome; began: ReturnType<JobRun["deps"]["now"]> }> {
  const { storage, now } = run.deps;
  const { options } = run.record.input;
  const { tier, rehydratePriority, metadata, sealBlob, immutabilityPolicy, legalHold } = options;
  const began = now();
  const order = {
    source: sourceOf(run, object),
    destination: destinationOf(run, object),
    conditions: { sourceEtag: object.etag, destination: onto },
    options: {
      tier,
      rehydratePriority,
      metadata,
      sealBlob,
      immutabilityPolicy,
      legalHold,
      sourceConditions: null,
      destinationConditions: null,
      tags: options.tags === "source" ? (object.tags ?? null) : options.tags,
    },
    correlationId: plan.scid,
    ...callOrder(run),
  };
  const call = engine === "copy-blob" ? storage.startCopy(order) : storage.copyFromUrl(order);
  return { outcome: await call, began };
}

type Attempt = {
  run: JobRun;
  page: PageRun;
  index: number;
  object: PlannedObject;
  engine: Engine;
};

async function judge(
  attempt: Attempt,
  { outcome, began }: Awaited<ReturnType<typeof start>>,
): Promise<ObjectEnd> {
  const { run, page, index } = attempt;
  const { deps } = run;
  const former = page.states[index] ?? null;
  switch (outcome.kind) {
    case "succeeded": {
      const { copyId, etag } = outcome;
      return known({ is: "copied", copyId, etag, ms: Math.max(0, deps.now() - began) });
    }
    case "pending":
      return known({ is: "pending", copyId: outcome.copyId, since: began, bytes: 0 });
    case "throttled":
    case "transient": {
      const tries = former?.is === "uncertain" ? former.tries : 0;
      const isThrottled = outcome.kind === "throttled";
      const isUncertain = !isThrottled || outcome.mayHaveStarted || former?.is === "uncertain";
      const state: ObjectState | null = isUncertain
        ? { is: "uncertain", tries: tries + (isThrottled ? 0 : 1), at: deps.now() }
        : null;
      const { retryAfterMs, failure: reason } = outcome;
      return { kind: "again", state, isThrottled, retryAfterMs, failure: reason };
    }
    case "failed":
    case "refused":
      return await judgeRefused(attempt, outcome, began);
  }
}

type Refused = Extract<StartOutcome, { kind: "failed" | "refused" }>;

async function judgeRefused(
  attempt: Attempt,
  refused: Refused,
  began: ReturnType<JobRun["deps"]["now"]>,
): Promise<ObjectEnd> {
  const { run, page, index, object } = attempt;
  const isCertain = page.isAlone() && page.states[index]?.is !== "uncertain";
  const settled = (result: ObjectResult): ObjectEnd =>
    isCertain ? { kind: "provisional", result } : known(result);
  const isAboutDestination = refused.kind === "refused" && refused.reason !== "source-changed";
  const { overwrite } = run.record.input.options;
  const mustRead = !isCertain || (isAboutDestination && overwrite === "if-newer");
  let seen: DestinationState | null = null;
  if (mustRead) {
    const order = { object: destinationOf(run, object), ...callOrder(run) };
    const read = await run.deps.storage.readDestination(order);
    if (read.kind === "throttled" || read.kind === "transient") {
      const state = page.states[index] ?? null;
      const { retryAfterMs, failure: reason } = read;
      const isThrottled = read.kind === "throttled";
      return { kind: "again", state, isThrottled, retryAfterMs, failure: reason };
    }
    seen = read.kind === "found" ? read.state : null;
    if (!isCertain && seen !== null && seen.copy !== null) {
      const copy = { object, copyId: seen.copy.copyId, since: began };
      if (isOurs(page.plan, run.record.input, object, seen)) {
        // The stub of a failed copy is removed when the page is polled.
        const { state, stubEtag } = observeCopy(run, page.plan, copy, seen);
        const { copyId, since } = copy;
        if (stubEtag !== null) return known({ is: "pending", copyId, since, bytes: 0 });
        return known(asForeignAbort(state));
      }
    }
  }
  if (refused.kind === "failed") return settled(failed(refused.failure));
  if (refused.reason === "source-changed") return settled(failed(refused.failure));
  return await overwriteForeign(attempt, { refused, seen, settled });
}

/** Another writer has changed the destination since the plan. */
async function overwriteForeign(
  attempt: Attempt,
  {
    refused,
    seen,
    settled,
  }: {
    refused: Extract<StartOutcome, { kind: "refused" }>;
    seen: DestinationState | null;
    settled(result: ObjectResult): ObjectEnd;
  },
): Promise<ObjectEnd> {
  const { run, page, object, engine } = attempt;
  const { overwrite } = run.record.input.options;
  const url = endpointUrl(blobIn(run.sides.destination, destinationOf(run, object).name));
  if (overwrite === "skip") return settled({ is: "skipped", reason: "The destination exists" });
  if (refused.reason === "destination-busy") return settled(failed(refused.failure));
  if (overwrite === "fail") {
    const message = `Cannot copy the object because another writer has created its destination since the plan: ${url}`;
    return settled(failed(failure("destination-exists", message, refused.failure.storage)));
  }
  if (overwrite === "if-newer" && seen !== null && object.modified <= seen.lastModified) {
    return settled({ is: "skipped", reason: isAsNew });
  }
  const onto: StartConditions["destination"] =
    overwrite === "always"
      ? { kind: "any" }
      : seen === null
        ? { kind: "absent" }
        : { kind: "etag", etag: seen.etag };
  const { outcome, began } = await start(run, page, { object, engine, onto });
  if (outcome.kind !== "refused" || outcome.reason === "source-changed") {
    if (outcome.kind !== "failed" && outcome.kind !== "refused") {
      return await judge(attempt, { outcome, began });
    }
    return settled(failed(outcome.failure));
  }
  const message = `Cannot copy the object because other writers keep changing its destination: ${url}`;
  return settled(failed(failure("destination-busy", message, outcome.failure.storage)));
}

function known(state: ObjectState): ObjectEnd {
  return { kind: "known", state };
}

function failed({ cause, message }: Failure): Extract<ObjectResult, { is: "failed" }> {
  return { is: "failed", cause, message };
}
