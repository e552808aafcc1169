import { identifyOperation } from "../../../src/local/storage/http/rest-operation.ts";
import type { StorageRequest } from "../../../src/local/storage/http/storage-request.ts";
import { interfere } from "./chaos-interference.ts";
import type { Incident, Phase } from "./chaos-plan.ts";
import { look, tell } from "./chaos-trial.ts";
import type { Trial } from "./chaos-trial.ts";
import type { ChaosWorld, Fate } from "./chaos-stack.ts";

/** One action, and the phase of the copy in which it happened; the tally counts these. */
export type Met = { deed: string; phase: string };

export type FateTools = {
  world: ChaosWorld;
  met: Met[];
  /** Kills the host at one of its next commits. */
  kill: (trial: Trial) => void;
};

/** Returns the fate of an activity's request according to the copy's plan; null lets it pass. */
export function fateFor(
  tools: FateTools,
  { trial, phase }: { trial: Trial; phase: Phase },
  request: StorageRequest,
): Fate | null {
  const { world, met } = tools;
  if (!trial.isLive) return null;
  const operation = identifyOperation(request);
  const isOnDestination = request.target.includes(`/${trial.destination}`);
  if (isOnDestination && operation === "AbortCopyBlob") {
    trial.aborts.push(request.query.get("copyid") ?? "");
  }
  const isRemoval = isOnDestination && operation === "DeleteBlob";
  const until = async () => {
    if (isOnDestination) await trial.stranger;
    if (isRemoval) await beforeRemoval(world, trial, request);
  };
  const pass: Fate | null =
    isRemoval || (isOnDestination && trial.stranger !== null)
      ? { fate: "held", until, ms: 0 }
      : null;

  const nth = trial.counts[phase] ?? 0;
  trial.counts[phase] = nth + 1;
  const incident = takeIncident(trial, phase, nth);
  const fate = incident === null ? null : fateOf(incident);
  const path = request.target.split("?")[0]?.slice(-50);
  tell(trial, world.clock.now(), `${phase} ${nth}: ${operation} …${path} ${incident?.deed ?? ""}`);
  const isActed = fate === null || !/^(answered|reset)$/.test(fate.fate);
  if (isActed && tellsCopyId(request)) trial.isKnown = true;
  if (incident === null || fate === null) return pass;
  if (isTrouble(incident)) count(incident.deed);
  return fate;

  function count(deed: string): void {
    trial.happened.push(deed);
    met.push({ deed, phase });
  }

  function fateOf(what: Incident): Fate | null {
    switch (what.deed) {
      case "refused 500":
        return { fate: "answered", status: 500, code: "InternalError" };
      case "refused 503":
        return { fate: "answered", status: 503, code: "ServerBusy" };
      case "refused 429":
        return { fate: "answered", status: 429, code: "TooManyRequests" };
      case "connection reset":
        return { fate: "reset" };
      case "answer lost":
        // If something must happen before Storage acts, the request arrives late instead.
        return pass === null ? { fate: "lost" } : { fate: "late", until, ms: 0 };
      case "slow answer":
        // The two reads of a plan are in flight at the same time: the clock would count their activity twice.
        if (phase === "start" && operation === "GetBlobProperties") return null;
        return { fate: "held", until, ms: what.ms };
      case "late arrival":
        // Each write to the ledger has a condition, so it may arrive after the ledger has changed.
        if (!(isOnDestination ? lateOnDestination : lateInLedger).includes(operation)) return null;
        return { fate: "late", until, ms: what.ms };
      case "kill":
        tools.kill(trial);
        count(what.deed);
        return { fate: "held", until, ms: 0 };
      default:
        return { fate: "held", until: () => deed(what).then(until), ms: 0 };
    }
  }

  async function deed(what: Incident): Promise<void> {
    if (await happen(world, trial, what)) count(what.deed);
  }
}

/** The requests that may arrive late. */
const lateOnDestination: readonly string[] = ["CopyBlob", "AbortCopyBlob", "DeleteBlob"];
const lateInLedger: readonly string[] = ["PutBlob", "DeleteBlob"];

/** Returns true if the request writes the copyId into a record. */
function tellsCopyId({ target, method, body }: StorageRequest): boolean {
  return method === "PUT" && target.includes("/records/") && /"copyId":"/.test(body.toString());
}

function isTrouble({ deed }: Incident): boolean {
  return /^(refused|connection|answer|slow|late)/.test(deed);
}

/** Acts as a client or another writer. Returns false if the action was not possible. */
export async function happen(world: ChaosWorld, trial: Trial, what: Incident): Promise<boolean> {
  switch (what.deed) {
    case "abort":
    case "abort twice":
      trial.abortsOwed += what.deed === "abort" ? 1 : 2;
      await payAborts(world, trial);
      return true;
    case "wake": {
      const path = `/runtime/webhooks/durabletask/instances/${trial.id}/raiseEvent/wake`;
      const calls = [1, 2].map(() => world.call("POST", path, null).catch(() => null));
      const [first] = await Promise.all(calls);
      return first?.status === 202;
    }
    case "refused 500":
    case "refused 503":
    case "refused 429":
    case "connection reset":
    case "answer lost":
    case "slow answer":
    case "late arrival":
    case "kill":
      return false;
    default:
      return interfere(world, trial, what.deed);
  }
}

/** Requests the abort again until the app responds. */
export async function payAborts(world: ChaosWorld, trial: Trial): Promise<void> {
  const asks = Array.from({ length: trial.abortsOwed }, async () => {
    const answer = await world.call("POST", `/api/copies/${trial.id}/abort`).catch(() => null);
    tell(trial, world.clock.now(), `abort asked, answered ${answer?.status}`);
    if (answer !== null && [200, 202, 409].includes(answer.status)) trial.abortsOwed--;
  });
  await Promise.all(asks);
}

function takeIncident(trial: Trial, phase: Phase, nth: number): Incident | null {
  const index = trial.left.findIndex(
    (each) => each.phase === phase && each.nth <= nth && nth <= each.nth + each.more,
  );
  const incident = trial.left[index];
  if (incident === undefined) return null;
  if (nth === incident.nth + incident.more) trial.left.splice(index, 1);
  return incident;
}

/** Records the blob that the request removes if its condition holds; `chaos-end.ts` checks that it is ours. */
async function beforeRemoval(
  world: ChaosWorld,
  trial: Trial,
  { headers }: StorageRequest,
): Promise<void> {
  const seen = await look(world, trial);
  const condition = headers["if-match"];
  if (seen === null || (condition !== undefined && condition !== seen.etag)) return;
  trial.removals.push(seen);
}
