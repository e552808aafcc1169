import { copyFileSync, existsSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { HostDied } from "./crash-host.ts";
import type { HostProcesses } from "./crash-host.ts";
import { openCrashWorld } from "./crash-stack.ts";
import type { Answer, CrashWorld, Kill } from "./crash-stack.ts";
import { hour, noon } from "../stack/test-stack.ts";

/** A planned copy, and its planned end. Times in ms. */
export type PlannedCopy = {
  end: "succeeded" | "aborted" | "failed" | "skipped";
  bytes: number;
  /** When the client requests it, counted from the beginning. */
  at: number;
  /**
   * How long Storage copies (0: it finishes within the start), or the time from the response to the client's abort, or
   * until Storage fails the copy.
   */
  after: number;
  /** The destination exists. */
  overwrites: boolean;
};

export type Plan = { copies: readonly PlannedCopy[]; kills: readonly Kill[]; downtime: number };

/** The work of a host when it was killed: `point` if it died at a commit, and the `phases` of all copies. */
export type Death = { kill: Kill; point: string | null; phases: readonly Phase[] };

export type Phase =
  | "request" // the client has no response yet, and no orchestration runs
  | "turn" // an orchestrator's turn is due or running
  | "startCopy"
  | "readCopy"
  | "abortCopy"
  | "settleCopy"
  | "waiting"
  | "ended";

/** How a copy ended, as a client sees it and in Storage. */
export type EndedCopy = {
  plan: PlannedCopy;
  answer: Answer["json"];
  /** Copy Blob requests for its destination that Storage acted on. */
  starts: number;
  /** The destination; null when it is absent. */
  content: Buffer | null;
  source: Buffer;
};

export type Trial = {
  copies: readonly EndedCopy[];
  deaths: readonly Death[];
  /** The locks that are left in the ledger. */
  locks: readonly string[];
  /** The columns of the records in the ledger. */
  records: readonly Record<string, string>[];
  /** Runtime states of all orchestrations of the task hub; with the reason if one failed. */
  orchestrations: readonly string[];
  /** Commit points of the last life. */
  passages: readonly string[];
  errors: readonly string[];
  requests: number;
};

/** Copies in the course of a trial. */
type Copy = {
  plan: PlannedCopy;
  index: number;
  bytes: Buffer;
  id: string | null;
  abortAt: number;
  /** How it ended; null before that. */
  answer: Answer["json"];
};

/** Executes a plan: however often the host dies, its clients repeat their requests until all copies have ended. */
export async function liveThrough(plan: Plan, hosts: HostProcesses): Promise<Trial> {
  const copies = plan.copies.map((each, index): Copy => {
    const bytes = Buffer.alloc(each.bytes, `film ${index}, `);
    return { plan: each, index, bytes, id: null, abortAt: Infinity, answer: null };
  });
  const world = await openCrashWorld(hosts, ({ operation, status, url }) => {
    if (operation !== "CopyBlob" || status !== 202) return;
    const copy = copies.find(({ index }) => isOn(url, index));
    if (copy?.plan.end !== "failed") return;
    const [container = "", blob = ""] = destination(copy.index).split("/");
    const fail = () => world.emulator.copies.fail({ container, blob });
    world.clock.schedule(world.clock.now() + copy.plan.after, fail);
  });
  try {
    await layOut(world, copies);
    const kills = [...plan.kills];
    const deaths: Death[] = [];
    for (;;) {
      const kill = kills.shift() ?? null;
      try {
        await world.begin(kill);
        await beClient(world, copies);
        return await lookAround(world, copies, deaths);
      } catch (error) {
        if (!(error instanceof HostDied) || kill === null) throw error;
        const point = await world.bury();
        deaths.push({ kill, point, phases: phasesIn(world.stateFile, copies.length) });
        await world.clock.advance(plan.downtime);
      }
    }
  } finally {
    await world.close();
  }
}

const source = (index: number) => `inbox/film-${index}.mp4`;
const destination = (index: number) => `archive/film-${index}.mp4`;
const isOn = (url: string, index: number) => url.split("?")[0]?.endsWith(destination(index));

async function layOut(world: CrashWorld, copies: readonly Copy[]): Promise<void> {
  await world.container("inbox").create();
  await world.container("archive").create();
  for (const { plan, index, bytes } of copies) {
    await world.blob(source(index)).uploadData(bytes);
    if (plan.overwrites) await world.blob(destination(index)).uploadData(Buffer.from("former"));
  }
  world.emulator.copies.forDestination = (_, blob) => {
    const copy = copies.find(({ index }) => destination(index).endsWith(`/${blob}`));
    if (copy === undefined) return undefined;
    const { end, bytes, after } = copy.plan;
    if (after === 0) return { finishOnStart: "always" };
    return { bytesPerSecond: bytes / (end === "succeeded" ? after / 1_000 : 1_200) };
  };
}

/** The clients while one host runs: they send requests and aborts until the app responds and all copies have ended. */
async function beClient(world: CrashWorld, copies: readonly Copy[]): Promise<void> {
  const { clock } = world;
  const limit = clock.now() + 2 * hour;
  for (let step = 4_000; ; step = Math.min(step * 2, 120_000)) {
    const asked = await Promise.allSettled(copies.map((copy) => ask(world, copy)));
    const failed = asked.find((each) => each.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    await world.rest();
    const open = copies.filter(({ answer }) => answer === null);
    if (open.length === 0) return;
    if (clock.now() > limit) {
      const states = await Promise.all(open.map(async ({ id }) => get(world, `/api/copies/${id}`)));
      throw new Error(`The copies did not end within two hours: ${JSON.stringify(states)}`);
    }
    const moments = open.flatMap((copy) => [copyAt(copy), copy.abortAt]);
    const next = Math.min(...[...moments, world.restsAt()].filter(isAhead));
    await world.advance(Math.min(step, next - clock.now()));
  }

  function isAhead(due: number): boolean {
    return due > clock.now();
  }
}

const copyAt = ({ plan }: Copy) => noon + plan.at;

/** The current step of this copy's client, repeated until the app responds. */
async function ask(world: CrashWorld, copy: Copy): Promise<void> {
  const { plan, index } = copy;
  const { clock } = world;
  if (clock.now() < copyAt(copy) || copy.answer !== null) return;
  if (copy.id === null) {
    const { status, text, json } = await world.call("POST", "/api/copies", {
      body: {
        source: world.blob(source(index)).url,
        destination: world.blob(destination(index)).url,
        options: { overwrite: overwriteOf(plan) },
      },
      headers: { "idempotency-key": `film-${index}` },
    });
    if (status !== 200 && status !== 202) throw new Error(`POST returned ${status}: ${text}`);
    copy.id = String(json.id);
    if (plan.end === "aborted") copy.abortAt = clock.now() + plan.after;
  } else if (clock.now() >= copy.abortAt) {
    const { status, text } = await world.call("POST", `/api/copies/${copy.id}/abort`);
    if (status !== 200 && status !== 202) throw new Error(`Abort returned ${status}: ${text}`);
    copy.abortAt = Infinity;
  } else {
    const answer = await get(world, `/api/copies/${copy.id}`);
    if (answer.completedAt !== null) copy.answer = answer;
  }
}

function overwriteOf({ end, overwrites }: PlannedCopy): "always" | "fail" | "skip" {
  if (!overwrites) return "fail";
  return end === "skipped" ? "skip" : "always";
}

async function get(world: CrashWorld, path: string): Promise<Answer["json"]> {
  const { status, text, json } = await world.call("GET", path);
  if (status !== 200) throw new Error(`GET ${path} returned ${status}: ${text}`);
  return json;
}

/** The final state in the host and in Storage. */
async function lookAround(
  world: CrashWorld,
  copies: readonly Copy[],
  deaths: readonly Death[],
): Promise<Trial> {
  const instances = await get(world, "/runtime/webhooks/durabletask/instances");
  const { passages, errors } = await world.end();
  const requests = [...world.emulator.requests];
  const startsOf = (index: number) =>
    requests.filter(
      (request) =>
        request.operation === "CopyBlob" &&
        isOn(request.url, index) &&
        (request.status === 202 || (request.status === null && !world.isLost(request))),
    ).length;
  const locks: string[] = [];
  for await (const { name } of world.container("ferry-ledger").listBlobsFlat({
    prefix: "locks/",
  })) {
    locks.push(name);
  }
  const records: Record<string, string>[] = [];
  const listing = { prefix: "records/", includeMetadata: true };
  for await (const { metadata } of world.container("ferry-ledger").listBlobsFlat(listing)) {
    records.push(metadata ?? {});
  }
  const contentOf = async (index: number) => {
    const blob = world.blob(destination(index));
    return (await blob.exists()) ? blob.downloadToBuffer() : null;
  };
  return {
    copies: await Promise.all(
      copies.map(async ({ plan, index, bytes, answer }) => ({
        plan,
        answer,
        starts: startsOf(index),
        source: bytes,
        content: await contentOf(index),
      })),
    ),
    deaths,
    locks,
    records,
    orchestrations: instances.map(
      ({ runtimeStatus, output }: { runtimeStatus: string; output: unknown }) =>
        runtimeStatus === "Completed"
          ? runtimeStatus
          : `${runtimeStatus}: ${JSON.stringify(output)}`,
    ),
    passages,
    errors,
    requests: requests.length,
  };
}

/**
 * The state of each copy in the task hub of a dead host, read from a duplicate, because the next host opens the file.
 */
function phasesIn(stateFile: string, copies: number): Phase[] {
  const file = `${stateFile}.seen`;
  for (const part of ["", "-wal"]) {
    if (existsSync(stateFile + part)) copyFileSync(stateFile + part, file + part);
  }
  const hub = new DatabaseSync(file);
  const found = hub
    .prepare(
      `SELECT status, (SELECT name FROM activities a WHERE a.execution_id = i.execution_id) AS activity,
         EXISTS (SELECT 1 FROM messages m WHERE m.instance_id = i.instance_id) AS hasMail
       FROM instances i`,
    )
    .all();
  hub.close();
  for (const part of ["", "-wal", "-shm"]) rmSync(file + part, { force: true });
  const phases = found.map(({ status, activity, hasMail }): Phase => {
    if (status === "Completed") return "ended";
    // The names are those of the app's activities, one of which runs at a time in an orchestration.
    return activity === null ? (hasMail === 1 ? "turn" : "waiting") : (activity as Phase);
  });
  return [...phases, ...Array.from({ length: copies - found.length }, (): Phase => "request")];
}
