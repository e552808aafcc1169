import { expect } from "vitest";
import type { CopyPlan } from "./chaos-plan.ts";
import type { Trial } from "./chaos-trial.ts";

/** Checks everything that must hold for a copy after any interference. */
export function expectTruth(trial: Trial, again: string): void {
  const about = () =>
    `${again}\n${JSON.stringify(trial.plan)}\n${trial.story.join("\n")}\n${JSON.stringify(trial.answer)}`;
  const holds = (claim: boolean, what: string) => {
    if (!claim) expect.fail(`${what}\n${about()}`);
  };
  const { answer, starts, strangers, end } = trial;
  const { copyId } = answer;

  // The copy has exactly one final state, and this plan can lead to that state.
  expect(trial.later, about()).toEqual(answer);
  const ends = possibleEnds(trial);
  const name = endOf(trial);
  holds(ends.has(name), `ended as ${name}, not as one of: ${[...ends].join(", ")}`);

  // A second start requires that the first one was unknown and that another writer replaced its copy. Every
  // start comes before the copy's end, and overwrites nothing that the options protect.
  const settledAt = Date.parse(answer.lastUpdatedAt);
  for (const [n, { at, onto, wasKnown }] of starts.entries()) {
    const madeWay = strangers.some((each) => each.starts === n && each.what !== "touched");
    holds(n === 0 || (!wasKnown && madeWay), `Storage acted on ${starts.length} starts`);
    holds(at <= settledAt, "a start came after the end");
    const { overwrite } = trial.plan;
    const isProtected = onto === "something" && (overwrite === "fail" || overwrite === "skip");
    holds(!isProtected, `a start overwrote what "${overwrite}" protects`);
  }
  if (copyId !== null) holds(starts.length > 0, "a copyId without a start");

  // Copies of other writers are neither mistaken for ours nor aborted; Ferry removes only its own stub.
  holds(!trial.strangeCopies.has(copyId), "another client's copy was mistaken for ours");
  for (const abort of trial.aborts) holds(abort === copyId, `copy ${abort} was aborted, not ours`);
  for (const seen of trial.removals) {
    const isStub = seen.copyId === copyId && /^(aborted|failed)$/.test(seen.copyStatus ?? "");
    holds(isStub, `a blob with ${seen.copyId} (${seen.copyStatus}) was removed`);
    holds(seen.copyStatus === answer.copyStatus, `Storage reported ${seen.copyStatus}`);
  }

  // An activity that ran late, acquired the lock again and was interrupted leaves the lock to the watchdog.
  const isExcused = trial.happened.some(isTrouble);
  holds(isExcused || !trial.leftLock, "its lock was left behind");

  const last = strangers.at(-1);
  if (last !== undefined && last.starts === starts.length) {
    if (last.what === "deleted")
      holds(end === null, "a blob that another client deleted exists again");
    else holds(end !== null, "another client's blob was removed");
    if (last.what === "wrote") {
      holds(
        end?.content.equals(last.content ?? Buffer.alloc(0)) === true,
        "another client's content",
      );
    }
    if (last.what === "touched")
      holds(end?.metadata?.["stranger"] === "yes", "another client's metadata");
    if (last.what === "copied") {
      holds(end?.copyId === last.copyId, "another client's copy was overwritten");
      const wasAborted = trial.abortedByStrangers.has(last.copyId ?? "");
      holds(wasAborted || end?.copyStatus !== "aborted", "another client's copy was aborted");
    }
    return;
  }

  // No other writer came after us: the destination is complete, or as it was before.
  const start = starts.at(-1);
  if (start === undefined) {
    const { before } = trial.plan;
    if (before === "nothing" && last === undefined) holds(end === null, "something appeared");
    if (before.endsWith(" blob")) holds(end?.content.toString() === "former", "the former content");
    return;
  }
  if (copyId === null) holds(trial.happened.some(isStranger), "Ferry did not follow a start");
  else if (answer.status === "succeeded") {
    holds(
      end?.copyId === copyId && end?.copyStatus === "success",
      "Storage reports another status",
    );
    const isComplete = trial.contents.some((content) => end?.content.equals(content));
    holds(isComplete, "the content is not the source's");
    holds(answer.copyStatus === "success" && answer.residue.length === 0, "a success has residue");
  } else if (start.onto === "nothing") {
    holds(end === null, "a stub is left");
    holds(answer.residue.length === 0, "residue although nothing is left");
  } else {
    holds(end?.copyId === copyId && end?.contentLength === 0, "the stub that an overwrite left");
    holds(end?.copyStatus === answer.copyStatus, `Storage reports ${end?.copyStatus}`);
    holds(answer.residue.length === 1, "the residue is not reported");
  }
}

/** `succeeded`, `aborted`, `skipped`, or `failed: <cause>`. */
export function endOf({ answer }: Trial): string {
  return answer.status === "failed" ? `failed: ${answer.error.cause}` : answer.status;
}

/** The ways a copy may end, given what happened to it. Faults alone do not change them. */
function possibleEnds({ plan, happened, formerAt, rewrittenAt }: Trial): Set<string> {
  const ends = new Set(calmEnds(plan));
  // Storage reports times in whole seconds.
  const isNewer = rewrittenAt.some((at) => Math.floor(at / 1_000) * 1_000 > (formerAt ?? 0));
  if (plan.overwrite === "if-newer" && isNewer) ends.add("succeeded");
  for (const deed of happened) {
    if (deed.startsWith("abort")) ends.add("aborted");
    if (deed.startsWith("source")) {
      ends.add("failed: source-changed").add("failed: source-not-found");
    }
    if (deed === "copy fails at Storage") ends.add("failed: source-unreadable");
    if (!isStranger(deed)) continue;
    for (const cause of ["superseded", "destination-deleted", "destination-busy"]) {
      ends.add(`failed: ${cause}`);
    }
    ends.add("succeeded"); // the other writer may have removed the blob
    if (plan.overwrite === "fail") ends.add("failed: destination-exists");
    if (plan.overwrite === "skip" || plan.overwrite === "if-newer") ends.add("skipped");
  }
  return ends;
}

function isTrouble(deed: string): boolean {
  return /^(refused|connection|answer|slow|late|the host)/.test(deed);
}

function isStranger(deed: string): boolean {
  return deed.startsWith("stranger");
}

/** The ways a copy may end if at most faults happen to it. */
function calmEnds({ before, overwrite }: CopyPlan): string[] {
  if (before === "nothing") return ["succeeded"];
  const refusals = {
    fail: "failed: destination-exists",
    skip: "skipped",
    "if-newer": before === "older blob" ? "succeeded" : "skipped",
    always: "succeeded",
  } as const;
  const end = refusals[overwrite];
  return before === "foreign pending copy" ? [end, "failed: destination-busy"] : [end];
}
