import type { StorageRequest } from "../../../src/local/storage/http/storage-request.ts";
import { fateFor, happen, payAborts } from "./chaos-fates.ts";
import type { FateTools, Met } from "./chaos-fates.ts";
import { interfere } from "./chaos-interference.ts";
import type { CopyPlan, Phase } from "./chaos-plan.ts";
import { look, newTrial, standing, tell } from "./chaos-trial.ts";
import type { Trial } from "./chaos-trial.ts";
import { openChaosWorld, phaseOfActivity } from "./chaos-stack.ts";
import type { ChaosWorld } from "./chaos-stack.ts";

export type ChaosRun = {
  /** Runs these copies together, from their requests to long after their ends. */
  liveThrough(plans: readonly CopyPlan[]): Promise<readonly Trial[]>;
  /** Everything that has happened so far. */
  met: readonly Met[];
  deaths: readonly Death[];
  /** Names of the locks that are held. */
  locks(): Promise<readonly string[]>;
  /** The errors that the host logged while it ran. */
  errors: readonly string[];
  close(): Promise<void>;
};

/** A simulated death of the host: the commit, and the phases of all copies. */
export type Death = { point: string; phases: readonly Phase[] };

/**
 * Where a host may die: before a commit, so that its work is lost, or after it, so that no client gets the response.
 */
export const commitPoints = ["client request", "turn", "activity completion", "timer"].flatMap(
  (point) => [`before ${point}`, `after ${point}`],
);

const minute = 60_000;
/** How late the events of a copy arrive (ms): some are overtaken by those that are raised after them, and by timers. */
const eventDelays = [0, 900, 0, 40, 3_000];
/** By then every late execution, and every late request, has arrived. */
const afterlife = 15 * minute;
const longest = 72 * 60 * minute;

export async function openChaosRun(): Promise<ChaosRun> {
  const met: Met[] = [];
  const deaths: Death[] = [];
  let trials: readonly Trial[] = [];
  let locks: Locks = new Map();
  const armed = new Set<string>();
  let count = 0;

  const world: ChaosWorld = await openChaosWorld({
    fateOf(request, step) {
      // All activities wait for the one that creates the ledger's container.
      if (request.resource.level !== "blob") return null;
      const owner = ownerOf(trials, locks, request);
      if (step === null) {
        if (owner !== undefined) noteFreed(owner, request);
        return null;
      }
      const trial = trials.find(({ id }) => id === step.instanceId);
      return trial === undefined ? null : fateFor(tools, { trial, phase: step.phase }, request);
    },
    started(container, blob) {
      const trial = trials.find(({ destination }) => destination === `${container}/${blob}`);
      if (trial === undefined) return null;
      const { bytes, takes } = trial.plan;
      if (trial.stranger === null) {
        const wasKnown = trial.isKnown;
        trial.starts.push({ at: world.clock.now(), onto: standing(trial), wasKnown });
      }
      tell(
        trial,
        world.clock.now(),
        `Storage starts ${trial.stranger ? "another client's" : "our"} copy`,
      );
      return { bytesPerSecond: bytes / (Math.max(1, takes) / 1_000), atOnce: takes === 0 };
    },
    redeliver({ name, instanceId }) {
      const trial = trials.find(({ id, isLive }) => isLive && id === instanceId);
      const phase = phaseOfActivity[name];
      const isOne = phase === "pending" && (trial?.counts[phase] ?? 0) > 4; // one of many similar polls
      const delays = (phase === undefined || isOne ? [] : trial?.plan.again[phase]) ?? [];
      for (const delay of delays) {
        const deed = delay < minute ? "run again" : "run again, minutes later";
        met.push({ deed, phase: phase ?? "" });
      }
      return delays;
    },
    eventDelay({ instanceId }) {
      const trial = trials.find(({ id }) => id === instanceId);
      if (trial === undefined) return 0;
      return eventDelays[(trial.number + trial.raised++) % eventDelays.length] ?? 0;
    },
    dies(point) {
      if (!armed.delete(point)) return false;
      deaths.push({ point, phases: trials.map((trial) => phaseNow(world, trial)) });
      for (const trial of trials) {
        trial.happened.push("the host dies");
        tell(trial, world.clock.now(), `the host dies ${point}`);
      }
      return true;
    },
  });
  const tools: FateTools = {
    world,
    met,
    kill: ({ number }) => void armed.add(commitPoints[number % commitPoints.length] ?? ""),
  };
  await world.container("inbox").create();
  await world.container("archive").create();

  return {
    met,
    deaths,
    errors: world.errors,
    close: () => world.close(),
    async locks() {
      const names: string[] = [];
      const all = world.container("ferry-ledger").listBlobsFlat({ prefix: "locks/" });
      for await (const { name } of all) names.push(name);
      return names;
    },
    async liveThrough(plans) {
      trials = plans.map((plan) => newTrial(plan, ++count));
      locks = new Map();
      armed.clear();
      await layOut(world, trials, locks);
      for (const trial of trials) trial.isLive = true;
      const areEnded = () => trials.every(({ answer }) => answer !== null);
      await passTime(world, trials, { isOver: areEnded, longest });
      const open = trials.find(({ answer }) => answer === null);
      if (open !== undefined) {
        throw new Error(
          `The copy did not end within three days:\n${open.story.slice(-60).join("\n")}`,
        );
      }
      for (const trial of trials) {
        for (const incident of trial.left.filter(({ phase }) => phase === "ended")) {
          if (!(await happen(world, trial, incident))) continue;
          trial.happened.push(incident.deed);
          met.push({ deed: incident.deed, phase: "ended" });
        }
      }
      await passTime(world, trials, { isOver: () => false, longest: afterlife });
      for (const trial of trials) await lookAround(world, trial);
      return trials;
    },
  };
}

/** The content that was last written to each lock, by the blob's name. */
type Locks = Map<string, { owner: Trial; body: Buffer }>;

/** Finds the copy of a ledger blob by the blob's content. Takes the id of a copy from its record. */
function ownerOf(
  trials: readonly Trial[],
  locks: Locks,
  { resource, body, method }: StorageRequest,
): Trial | undefined {
  if (resource.level !== "blob" || resource.container !== "ferry-ledger") return undefined;
  const { blob } = resource;
  const written = () => trials.find(({ destination }) => body.includes(`/${destination}"`));
  if (blob.startsWith("records/") && method === "PUT") {
    const owner = written();
    if (owner !== undefined) owner.id ??= blob.slice(-36);
    return owner;
  }
  if (!blob.startsWith("locks/")) return undefined;
  const owner = locks.get(blob)?.owner ?? written();
  if (owner !== undefined && method === "PUT") locks.set(blob, { owner, body });
  return owner;
}

/** Records a lock that was released only after its copy had ended. */
function noteFreed(owner: Trial, { resource, method }: StorageRequest): void {
  const isSlot = resource.level === "blob" && resource.blob.startsWith("locks/");
  owner.leftLock ||= owner.isLive && isSlot && method === "DELETE" && owner.answer !== null;
}

function phaseNow(world: ChaosWorld, { id, answer }: Trial): Phase {
  const phase = id === null ? null : world.phaseOf(id);
  return phase ?? (answer === null ? "pending" : "settle");
}

async function layOut(world: ChaosWorld, trials: readonly Trial[], locks: Locks): Promise<void> {
  const are = (...before: readonly string[]) =>
    trials.filter(({ plan }) => before.includes(plan.before));
  const former = ({ destination }: Trial) =>
    world.blob(destination).uploadData(Buffer.from("former"));
  await Promise.all(are("older blob").map(former));
  await world.clock.advance(1_000);
  await Promise.all(
    trials.map(async ({ source, contents: [content] }) =>
      world.blob(source).uploadData(content ?? Buffer.alloc(0)),
    ),
  );
  await world.clock.advance(1_000);
  await Promise.all(are("newer blob").map(former));
  for (const trial of are("foreign pending copy")) {
    await interfere(world, trial, "stranger copies the same source");
    trial.strangers.pop(); // part of the setup, not something that happens to the copy
  }
  // In sequence: only one may advance the clock.
  for (const trial of are("lock left")) await leaveLock(world, trial, locks);
  for (const trial of trials) {
    trial.formerAt = (await look(world, trial))?.lastModified?.getTime() ?? null;
  }
}

/** Creates the lock of an earlier copy onto the same destination, which ended but died before it released the lock. */
async function leaveLock(world: ChaosWorld, trial: Trial, locks: Locks): Promise<void> {
  const key = `before-${trial.number}`;
  const copy = {
    source: world.blob(trial.source).url,
    destination: world.blob(trial.destination).url,
  };
  const { json } = await world.call("POST", "/api/copies", copy, { "idempotency-key": key });
  const isEnded = async () => {
    const answer = await world.call("GET", `/api/copies/${json.id}`);
    return answer.json.status === "succeeded";
  };
  for (let tries = 0; !(await isEnded()); tries++) {
    if (tries > 50) throw new Error("The earlier copy does not succeed");
    await world.clock.advance(minute);
  }
  const name = [...locks].find(([, { owner }]) => owner === trial)?.[0];
  if (name === undefined) throw new Error("The earlier copy had no lock");
  const body = locks.get(name)?.body ?? Buffer.alloc(0);
  await world.container("ferry-ledger").getBlockBlobClient(name).uploadData(body);
  Object.assign(trial, { id: null, starts: [], isKnown: false, story: [] });
}

/** Sends the clients' requests and advances the time, and restarts a host that has died. */
async function passTime(
  world: ChaosWorld,
  trials: readonly Trial[],
  until: { isOver: () => boolean; longest: number },
): Promise<void> {
  const limit = world.clock.now() + until.longest;
  for (let step = 5_000; world.clock.now() < limit; step = Math.min(step * 2, 20 * minute)) {
    await Promise.all(trials.map((trial) => ask(world, trial)));
    if (until.isOver()) return;
    await world.clock.advance(Math.min(step, limit - world.clock.now()), world.isDead);
    while (world.isDead()) await world.revive();
  }
}

/** Acts as a copy's client: requests the copy until the app responds, then reads it until it has ended. */
async function ask(world: ChaosWorld, trial: Trial): Promise<void> {
  const { source, destination, plan, number } = trial;
  if (trial.answer !== null) return;
  if (trial.id === null) {
    const body = {
      source: world.blob(source).url,
      destination: world.blob(destination).url,
      options: { overwrite: plan.overwrite },
    };
    const key = { "idempotency-key": `order-${number}` };
    const { status, json } = await world.call("POST", "/api/copies", body, key);
    if (status === 202 || status === 200) trial.id = String(json.id);
    else trial.id = null; // it may have been started: the same key finds it
    tell(trial, world.clock.now(), `asked, answered ${status}`);
    return;
  }
  if (trial.abortsOwed > 0) await payAborts(world, trial);
  const { status, json } = await world.call("GET", `/api/copies/${trial.id}`);
  if (status === 200 && json.completedAt !== null) trial.answer = json;
}

async function lookAround(world: ChaosWorld, trial: Trial): Promise<void> {
  trial.later = (await world.call("GET", `/api/copies/${trial.id}`)).json;
  const seen = await look(world, trial);
  const content = async () => world.blob(trial.destination).downloadToBuffer();
  trial.end = seen === null ? null : { ...seen, content: await content() };
}
