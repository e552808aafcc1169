import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { timeOf } from "../../copy/time.ts";
import { failure } from "../../copy/contract/failure.ts";
import { outcomeOf } from "../../copy/contract/outcome.ts";
import type { Ending, Outcome } from "../../copy/contract/outcome.ts";
import type { CopyRun } from "../../instances/copy-instance.ts";
import { LedgerError } from "../../ledger/ledger-error.ts";
import type { HeldSlot, Ledger, SlotPage } from "../../ledger/ledger.ts";
import { events, repairIdOf } from "../../names.ts";
import { ownRun, repairOf } from "../../instances/find-instance.ts";
import { recordOf, startRepair } from "../../instances/repair-instance.ts";
import { tellAgain } from "./resend-notifications.ts";

export type WatchdogDeps = { ledger: Ledger; now(): number };

/** A function with a timer trigger. */
export type Timed = (
  timer: unknown,
  client: DurableClient,
  context: InvocationContext,
) => Promise<void>;

/** A look may be this late before anybody worries; ms. */
const grace = 600_000;
/** Each wake lengthens the history, heard or not. */
const betweenWakes = 6 * 3_600_000;
/** A repair that was broken off itself is begun again after this. */
const betweenRepairs = 3_600_000;

const pageSize = 200;
const mostPages = 10;
/** Well below the shortest time that a plan gives a function (five minutes, "functionTimeout"); ms. */
const longestRun = 120_000;
const atOnce = 8;

/**
 * Walks the slots, that is all copies which hold a destination: frees what an ended copy left behind,
 * wakes a run that slept past its next look, and hands a copy whose run Durable failed, terminated or
 * lost to a repair. A walk that takes too long goes on where it left off, next time.
 */
export function watchdog(deps: WatchdogDeps): Timed {
  const { ledger, now } = deps;
  return async (_timer, client, context) => {
    const begun = now();
    const first = await ledger.walk.page({ marker: null, most: pageSize });
    const leftOff = first.marker === null ? null : await ledger.walk.position();
    let page = leftOff === null ? first : await goOn(ledger, leftOff, first);
    for (let pages = 1; ; pages++) {
      for (let at = 0; at < page.names.length; at += atOnce) {
        const some = page.names.slice(at, at + atOnce);
        await Promise.all(some.map((name) => watchSlot(deps, client, context, name)));
      }
      const { marker } = page;
      if (marker === null || pages === mostPages || now() - begun > longestRun) {
        if (marker !== leftOff) await ledger.walk.moveTo(marker);
        return await tellAgain(deps, client, context);
      }
      page = await ledger.walk.page({ marker, most: pageSize });
    }
  };
}

/** A marker that Storage does not take any more must not end all walks. */
async function goOn(ledger: Ledger, marker: string, first: SlotPage): Promise<SlotPage> {
  return await ledger.walk.page({ marker, most: pageSize }).catch(() => first);
}

/** One copy's trouble is no reason to leave the others alone. */
async function watchSlot(
  deps: WatchdogDeps,
  client: DurableClient,
  context: InvocationContext,
  name: string,
): Promise<void> {
  try {
    const slot = await deps.ledger.walk.read(name);
    const deed = slot === null ? null : await lookAfter(deps, client, slot);
    if (deed !== null) context.warn(`Copy ${slot?.instanceId} ${deed}`);
  } catch (error) {
    // Other texts may quote what Durable answered.
    const reason = error instanceof LedgerError ? error.message : "Durable could not be asked";
    context.error(`Cannot look after the copy in ${name}: ${reason}`);
  }
}

/** What was done about the copy, for the log; null for a copy that needs nothing. */
async function lookAfter(
  deps: WatchdogDeps,
  client: DurableClient,
  slot: HeldSlot,
): Promise<string | null> {
  const { ledger, now } = deps;
  const { instanceId } = slot;
  const own = await ownRun(client, instanceId);
  if (own?.ending.kind === "running") return await wakeIfStuck(deps, client, slot, own);
  // Durable knows a run before its slot is taken; a slot just written belongs to something alive.
  if (own === null && now() - slot.changedAt < grace) return null;
  if (slot.busyUntil > now()) return null;

  const outcome =
    own?.ending.kind === "ended" ? own.ending.outcome : await ledger.outcome(instanceId);
  if (outcome !== null) return await free(deps, slot, outcome);
  const repair = await repairOf(client, instanceId);
  if (repair?.ending.kind === "running") {
    return await wakeIfStuck(deps, client, slot, repair, repairIdOf(instanceId));
  }
  if (repair?.ending.kind === "ended") return await free(deps, slot, repair.ending.outcome);
  if (repair?.ending.kind === "broken" && now() - timeOf(repair.ending.at) < betweenRepairs) {
    return null;
  }
  const copy = slot.copy ?? own?.copy ?? null;
  if (copy === null) return await free(deps, slot, unknown(deps, slot));
  const record = recordOf(repair?.state ?? own?.state ?? null);
  const isNew = await startRepair(client, { slot, copy, record });
  return isNew ? "was taken over by a repair as its orchestration was broken off" : null;
}

async function wakeIfStuck(
  { ledger, now }: WatchdogDeps,
  client: DurableClient,
  slot: HeldSlot,
  run: CopyRun,
  instanceId = slot.instanceId,
): Promise<string | null> {
  const due = run.state?.nextReadAt ?? null;
  if (due === null || now() - timeOf(due) < grace) return null;
  if (slot.wokenAt !== null && now() - slot.wokenAt < betweenWakes) return null;
  if (!(await ledger.walk.noteWake(slot, now()))) return null;
  await client.raiseEvent(instanceId, events.wake, null);
  return `was woken as its next look was due at ${due}`;
}

async function free({ ledger }: WatchdogDeps, slot: HeldSlot, outcome: Outcome): Promise<string> {
  await ledger.end(slot.instanceId, outcome);
  await ledger.walk.free(slot);
  return "had ended and left its destination's slot behind: freed";
}

/** Neither Durable nor the slot knows what was to be copied: nobody can look, nobody can clean up. */
function unknown({ now }: WatchdogDeps, { instanceId, copyId }: HeldSlot): Outcome {
  const message = `Cannot tell how the copy ended as nothing is known of it any more: ${instanceId}`;
  const reason = failure("internal", message);
  const ending: Ending = { state: "not-started", why: "failed", failure: reason };
  const residue = ["What the copy left behind could not be looked at"];
  return outcomeOf(ending, { copyId, record: recordOf(null), residue, settledAt: now() });
}
