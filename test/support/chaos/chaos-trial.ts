import type { BlobGetPropertiesResponse } from "@azure/storage-blob";
import type { CopyPlan, Incident, Phase } from "./chaos-plan.ts";
import type { Answer, ChaosWorld } from "./chaos-stack.ts";

/** A copy during its trial, and everything that happened to it. */
export type Trial = {
  plan: CopyPlan;
  number: number;
  /** `container/blob`. */
  source: string;
  destination: string;
  /** True from its request on; before that, its requests to Storage pass unchanged. */
  isLive: boolean;
  /** Known once the app has stored it. */
  id: string | null;
  /** Its requests to Storage so far, by phase. */
  counts: Partial<Record<Phase, number>>;
  left: Incident[];
  happened: string[];
  abortsOwed: number;
  /** Number of events that were raised on its instance. */
  raised: number;
  /** Every content that the source has had, and when it was rewritten. */
  contents: Buffer[];
  rewrittenAt: number[];
  /** When the former content of the destination was written; null if there was none. */
  formerAt: number | null;
  /** The starts of the app that Storage executed. */
  starts: ActedStart[];
  /** Whether the app has stored the copyId of a start. */
  isKnown: boolean;
  /** The actions of other writers on the destination, in order. */
  strangers: StrangerDeed[];
  /** In progress now. The app's requests that change the destination wait for it, so that the order is known. */
  stranger: Promise<unknown> | null;
  strangeCopies: Set<string>;
  abortedByStrangers: Set<string>;
  /** copyIds that the app asked Storage to abort. */
  aborts: string[];
  /** The content of the destination when the app removed it. */
  removals: Seen[];
  /** Whether its lock was still held after its end, while none of its activities ran. */
  leftLock: boolean;
  /** The response that a client gets at the end, and after all late requests have arrived. */
  answer: Answer["json"];
  later: Answer["json"];
  /** The destination after that; null if it does not exist. */
  end: (Seen & { content: Buffer }) | null;
  story: string[];
};

/** `onto`: the content of the destination that other writers, or the setup, left there. */
export type ActedStart = { at: number; onto: "nothing" | "something"; wasKnown: boolean };

export type StrangerDeed = {
  what: "wrote" | "deleted" | "copied" | "touched";
  /** How many of our starts came before. */
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

/** Adds a line to the story, which a failed assertion prints. */
export function tell(trial: Trial, now: number, line: string): void {
  trial.story.push(`${new Date(now).toISOString().slice(11, 23)} ${line}`);
}

/**
 * Returns "something" if the destination has content that other writers, or the setup, left there. The empty blob of
 * a copy that another client aborted does not count.
 */
export function standing({ plan, strangers, abortedByStrangers }: Trial): "nothing" | "something" {
  const last = strangers.at(-1);
  const isStub = last?.what === "copied" && abortedByStrangers.has(last.copyId ?? "");
  const isThere = last === undefined ? plan.before !== "nothing" : last.what !== "deleted";
  return isThere && !isStub ? "something" : "nothing";
}

/** Reads the destination; null if there is no such blob. */
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
