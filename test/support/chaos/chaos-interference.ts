import { RestError } from "@azure/storage-blob";
import type { Interference } from "./chaos-plan.ts";
import { look, tell } from "./chaos-trial.ts";
import type { StrangerDeed, Trial } from "./chaos-trial.ts";
import type { ChaosWorld } from "./chaos-stack.ts";

/**
 * Acts as another writer on a copy's destination or source. Before it writes to a pending destination, it aborts the
 * pending copy, as Storage requires. Returns false if there was nothing to act on.
 */
export async function interfere(
  world: ChaosWorld,
  trial: Trial,
  deed: Exclude<Interference["deed"], "abort" | "abort twice" | "wake" | "kill">,
): Promise<boolean> {
  while (trial.stranger !== null) await trial.stranger;
  const work = act(world, trial, deed);
  trial.stranger = Promise.allSettled([work]);
  try {
    const done = await work;
    tell(trial, world.clock.now(), `${deed}${done ? "" : ", without effect"}`);
    return done;
  } finally {
    trial.stranger = null;
  }
}

async function act(
  world: ChaosWorld,
  trial: Trial,
  deed: Parameters<typeof interfere>[2],
): Promise<boolean> {
  const source = world.blob(trial.source);
  const destination = world.blob(trial.destination);
  const note = (what: StrangerDeed["what"], rest: Partial<StrangerDeed> = {}) => {
    const starts = trial.starts.length;
    trial.strangers.push({ what, starts, content: null, copyId: null, ...rest });
    return true;
  };
  switch (deed) {
    case "stranger writes": {
      await abortPending(world, trial);
      const content = Buffer.from(`another client's, ${trial.strangers.length}`);
      await destination.uploadData(content);
      return note("wrote", { content });
    }
    case "stranger deletes":
      await abortPending(world, trial);
      return (await destination.deleteIfExists()).succeeded ? note("deleted") : false;
    case "stranger aborts":
      return abortPending(world, trial);
    case "stranger sets metadata":
      return (await did(destination.setMetadata({ stranger: "yes" }))) ? note("touched") : false;
    case "stranger copies another source":
    case "stranger copies the same source": {
      if (deed.endsWith("the same source") && !(await isDistinguishable(world, trial)))
        return false;
      await abortPending(world, trial);
      const other = world.blob(`inbox/other-${trial.number}`);
      if (deed.endsWith("another source")) await other.uploadData(Buffer.from("other"));
      const from = deed.endsWith("another source") ? other : source;
      const copyId = await copyIdOf(destination.beginCopyFromURL(from.url));
      if (copyId === null) return false;
      trial.strangeCopies.add(copyId);
      return note("copied", { copyId });
    }
    case "source rewritten": {
      const content = Buffer.alloc(trial.plan.bytes + trial.contents.length, "another film, ");
      await source.uploadData(content);
      trial.contents.push(content);
      trial.rewrittenAt.push(world.clock.now());
      return true;
    }
    case "source deleted":
      return (await source.deleteIfExists()).succeeded;
    case "copy fails at Storage": {
      const seen = await look(world, trial);
      if (seen?.copyStatus !== "pending" || trial.strangeCopies.has(seen.copyId ?? ""))
        return false;
      const [container = "", blob = ""] = trial.destination.split("/");
      world.emulator.copies.fail({ container, blob });
      return true;
    }
  }
}

/**
 * Another writer's copy of the same source that begins between our plan and our start without a response cannot be
 * distinguished from ours. This writer therefore acts before the plan, or after Storage has responded to the start.
 */
async function isDistinguishable(world: ChaosWorld, trial: Trial): Promise<boolean> {
  if (!trial.isLive) return true;
  const answer = await world.call("GET", `/api/copies/${trial.id}`).catch(() => null);
  return typeof answer?.json?.copyId === "string";
}

async function abortPending(world: ChaosWorld, trial: Trial): Promise<boolean> {
  const seen = await look(world, trial);
  if (seen?.copyStatus !== "pending" || seen.copyId === undefined) return false;
  const aborted = await did(world.blob(trial.destination).abortCopyFromURL(seen.copyId));
  if (aborted) trial.abortedByStrangers.add(seen.copyId);
  return aborted;
}

async function copyIdOf(start: Promise<{ getOperationState(): object }>): Promise<string | null> {
  if (!(await did(start))) return null;
  const state: { copyId?: string } = (await start).getOperationState(); // its type does not include the copyId
  return state.copyId ?? null;
}

/** Storage may refuse the call, because the state has changed; any other error is a defect of the suite. */
async function did(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof RestError && (error.statusCode ?? 0) >= 400) return false;
    throw error;
  }
}
