import { failure } from "../../copy/contract/failure.ts";
import type { Failure } from "../../copy/contract/failure.ts";
import { isNewer, isStub } from "../../copy/decisions/overwrite.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { Engine, ObjectResult, ObjectState, PlannedObject } from "../../jobs/contract/page.ts";
import { blobIn } from "../../jobs/contract/job-input.ts";
import type {
  FoundDestination,
  StartConditions,
  StartOutcome,
} from "../../jobs/contract/storage.ts";
import { isAsNew } from "../../jobs/decisions/plan-object.ts";
import { findOurs } from "./support/find-object.ts";
import { refuseHeldStub } from "./support/held-stub.ts";
import { callOrder } from "./support/job-run.ts";
import type { JobRun } from "./support/job-run.ts";
import { asForeignAbort, destinationOf, sourceOf } from "./support/object-state.ts";
import type { PageRun } from "./support/page-run.ts";

/** The result of a start. */
export type ObjectEnd =
  | { kind: "known"; state: ObjectState }
  /** It holds if no other run has started the object. */
  | { kind: "provisional"; result: ObjectResult }
  /** Storage did not serve the call: start the object again. `state`: the object's latest known state; null if none. */
  | {
      kind: "again";
      state: ObjectState | null;
      isThrottled: boolean;
      retryAfterMs: number | null;
      failure: Failure;
    };

/** The number of calls without a clear response after which an object fails. Throttled calls do not count. */
export const maxTries = 10;

/**
 * Starts the copy of one object under the conditions of the plan. If Storage refuses the start, another run of the page,
 * or an earlier start without a response, may have started it: the run reads the destination to find such a copy. If
 * there is none, another writer has changed the destination, and `overwrite` decides.
 */
export async function startObject(run: JobRun, page: PageRun, index: number): Promise<ObjectEnd> {
  const object = page.plan.objects[index];
  if (object === undefined || object.do.kind !== "copy") {
    throw new Error("Cannot start an object because its page plans no copy of it");
  }
  const { engine, onto, ontoStub = false } = object.do;
  const attempt = { run, page, index, object, engine, overwrote: false };
  const held = ontoStub ? await refuseHeldStub(run, object) : null;
  if (held !== null) {
    // The copy at the destination may be from an earlier start of this object.
    const refused = { kind: "failed", failure: held } as const;
    return await judgeRefused(attempt, refused, { began: run.deps.now(), tries: 1 });
  }
  const started = await start(run, page, { object, engine, onto });
  return await judge(attempt, started, 1);
}

type Start = { object: PlannedObject; engine: Engine; onto: StartConditions["destination"] };

async function start(
  run: JobRun,
  { plan }: PageRun,
  { object, engine, onto }: Start,
): Promise<{ outcome: StartOutcome; began: EpochMs }> {
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
  /** True if this start replaces content that another writer wrote after the page was planned. */
  overwrote: boolean;
};

async function judge(
  attempt: Attempt,
  { outcome, began }: Awaited<ReturnType<typeof start>>,
  tries: number,
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
      return known({
        is: "pending",
        copyId: outcome.copyId,
        since: began,
        bytes: 0,
        ...(attempt.overwrote && { overwrote: true }),
      });
    case "throttled":
    case "transient": {
      const unclear = former?.is === "uncertain" ? former.tries : 0;
      const isThrottled = outcome.kind === "throttled";
      const isUncertain = !isThrottled || outcome.mayHaveStarted || former?.is === "uncertain";
      const state: ObjectState | null = isUncertain
        ? { is: "uncertain", tries: unclear + (isThrottled ? 0 : 1), at: deps.now() }
        : null;
      const { retryAfterMs, failure: reason } = outcome;
      return { kind: "again", state, isThrottled, retryAfterMs, failure: reason };
    }
    case "failed":
    case "refused":
      return await judgeRefused(attempt, outcome, { began, tries });
  }
}

type Refused = Extract<StartOutcome, { kind: "failed" | "refused" }>;

/** How many times an object is started again because another writer has changed its destination. */
const maxOverwrites = 3;

/** `tries`: the number of starts of this object so far, all refused. */
async function judgeRefused(
  attempt: Attempt,
  refused: Refused,
  { began, tries }: { began: EpochMs; tries: number },
): Promise<ObjectEnd> {
  const { run, page, index, object, engine } = attempt;
  const { overwrite } = run.record.input.options;
  const isChanged = refused.kind === "refused" && refused.reason === "destination-changed";
  const mayOverwrite = isChanged && (overwrite === "always" || overwrite === "if-newer");
  let isCertain = page.isAlone() && page.states[index]?.is !== "uncertain";
  let seen: FoundDestination | null = null;
  if (!isCertain || mayOverwrite) {
    const order = { object: destinationOf(run, object), ...callOrder(run) };
    const read = await run.deps.storage.readDestination(order);
    if (read.kind === "throttled" || read.kind === "transient") {
      const state = page.states[index] ?? null;
      const { retryAfterMs, failure: reason } = read;
      const isThrottled = read.kind === "throttled";
      return { kind: "again", state, isThrottled, retryAfterMs, failure: reason };
    }
    seen = read.kind === "found" ? read.state : null;
    // A run registers before it starts a copy, and records the copy before it leaves the page. So if another run
    // started the copy that was read, that run is still registered or the copy is recorded.
    const { isAlone, recorded } = await page.readOthers(index);
    if (recorded !== null && recorded.is !== "uncertain") return known(recorded);
    isCertain &&= isAlone && recorded === null;
    const copy = { object, states: [page.states[index] ?? null, recorded], since: began };
    const adopted = isCertain ? null : await findOurs(run, page, copy, seen);
    if (adopted !== null) return known(asForeignAbort(adopted));
  }
  const settled = (result: ObjectResult): ObjectEnd =>
    isCertain ? { kind: "provisional", result } : known(result);
  if (!mayOverwrite) return settled(toResult(attempt, refused));
  const sides = {
    source: blobIn(run.record.input.source, sourceOf(run, object).name),
    destination: blobIn(run.record.input.destination, destinationOf(run, object).name),
  };
  const source = { lastModified: object.modified, length: object.length };
  if (overwrite === "if-newer" && seen !== null && !isNewer(sides, source, seen)) {
    return settled({ is: "skipped", reason: isAsNew });
  }
  if (tries > maxOverwrites) {
    const message = `Cannot copy the object because other writers keep changing its destination: ${destinationUrl(attempt)}`;
    return settled(failed(failure("destination-busy", message, refused.failure.storage)));
  }
  const held = seen !== null && isStub(seen) ? await refuseHeldStub(run, object) : null;
  if (held !== null) return settled(failed(held));
  // Conditional on the state that was read: if two runs overwrite it, only one succeeds.
  const onto: StartConditions["destination"] =
    seen === null ? { kind: "absent" } : { kind: "etag", etag: seen.etag };
  const again = { ...attempt, overwrote: seen !== null && !isStub(seen) };
  return await judge(again, await start(run, page, { object, engine, onto }), tries + 1);
}

/** The result of a start that was refused for good, or because of another writer. */
function toResult(attempt: Attempt, refused: Refused): ObjectResult {
  const { overwrite } = attempt.run.record.input.options;
  const isForeign = refused.kind === "refused" && refused.reason !== "source-changed";
  if (isForeign && overwrite === "skip") {
    return { is: "skipped", reason: "The destination exists" };
  }
  if (isForeign && overwrite === "fail" && refused.reason === "destination-changed") {
    const message = `Cannot copy the object because another writer has created its destination since the plan: ${destinationUrl(attempt)}`;
    return failed(failure("destination-exists", message, refused.failure.storage));
  }
  return failed(refused.failure);
}

function destinationUrl({ run, object }: Attempt): string {
  return endpointUrl(blobIn(run.sides.destination, destinationOf(run, object).name));
}

function known(state: ObjectState): ObjectEnd {
  return { kind: "known", state };
}

function failed({ cause, message }: Failure): Extract<ObjectResult, { is: "failed" }> {
  return { is: "failed", cause, message };
}
