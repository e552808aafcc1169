import type { BlobGetPropertiesResponse } from "@azure/storage-blob";
import type { CopyPlan, Incident, Phase } from "./chaos-plan.ts";
import type { Answer, ChaosWorld } from "./chaos-stack.ts";

/** A copy in the course of its trial, and all that befell it. */
export type Trial = {
  plan: CopyPlan;
  number: number;
  /** `container/blob`. */
  source: string;
  destination: string;
  /** From its request on; before, nothing happens to what is asked of Storage. */
  isLive: boolean;
  /** Known once the app has written it down. */
  id: string | null;
  /** Its requests at Storage so far, by phase. */
  counts: Partial<Record<Phase, number>>;
  left: Incident[];
  happened: string[];
  abortsOwed: number;
  /** Events that were raised on its instance. */
  raised: number;
  /** All that the source ever held, and when it was written anew. */
  contents: Buffer[];
  rewrittenAt: number[];
  /** When what stood on the destination before was written; null where nothing did. */
  formerAt: number | null;
  /** What Storage did for starts of the app. */
  starts: ActedStart[];
  /** Whether the app has written down the copyId of a start. */
  isKnown: boolean;
  /** What strangers did to the destination, in order. */
  strangers: StrangerDeed[];
  /** Under way now; the app's requests that change the destination wait for it, so that the order is known. */
  stranger: Promise<unknown> | null;
  strangeCopies: Set<string>;
  abortedByStrangers: Set<string>;
  /** copyIds that the app asked Storage to abort. */
  aborts: string[];
  /** What stood on the destination when the app removed it. */
  removals: Seen[];
  /** Whether its lock was taken still after its end, while nothing of it ran. */
  leftLock: boolean;
  /** What a client sees at the end, and after everything late has come. */
  answer: Answer["json"];
  later: Answer["json"];
  /** The destination after that; null when absent. */
  end: (Seen & { content: Buffer }) | null;
  story: string[];
};

/** `onto`: what stood on the destination by others' doing. */
export type ActedStart = { at: number; onto: "nothing" | "something"; wasKnown: boolean };

export type StrangerDeed = {
  what: "wrote" | "deleted" | "copied" | "touched";
  /** How many starts of ours came before. */
  starts: number;
  content: Buffer | null;
  copyId: string | null;
};

export type Seen = Pick<
  BlobGetPropertiesResponse,
  "etag" | "copyId" | "copyStatus" | "contentLength" | "metadata" | "lastModified"
>;

export function newTrial(plan: CopyPlan, number: number): Trial {
  return {
    plan,
    number,
    source: `inbox/source-${number}`,
    destination: `archive/film-${number}`,
    isLive: false,
    id: null,
    counts: {},
    left: [...plan.incidents],
    happened: [],
    abortsOwed: 0,
    raised: 0,
    contents: [Buffer.alloc(plan.bytes, `film ${number}, `)],
    rewrittenAt: [],
    formerAt: null,
    starts: [],
    isKnown: false,
    strangers: [],
    stranger: null,
    strangeCopies: new Set(),
    abortedByStrangers: new Set(),
    aborts: [],
    removals: [],
    leftLock: false,
    answer: null,
    later: null,
    end: null,
    story: [],
  };
}

/** A line for whoever must find out what went wrong. */
export function tell(trial: Trial, now: number, line: string): void {
  trial.story.push(`${new Date(now).toISOString().slice(11, 23)} ${line}`);
}

/** Whether a blob stands on the destination that is others' doing. */
export function standing({ plan, strangers }: Trial): "nothing" | "something" {
  const last = strangers.at(-1);
  const isThere = last === undefined ? plan.before !== "nothing" : last.what !== "deleted";
  return isThere ? "something" : "nothing";
}

/** Null where there is no such blob. */
export async function look(world: ChaosWorld, { destination }: Trial): Promise<Seen | null> {
  try {
    return await world.blob(destination).getProperties();
  } catch (error) {
    if (typeof error === "object" && error !== null && "statusCode" in error) {
      if (error.statusCode === 404) return null;
    }
    throw error;
  }
}
