import type { CopyId } from "../../copy/contract/ids.ts";
import type { Cause } from "../../copy/contract/failure.ts";
import type { EpochMs } from "../../copy/time.ts";
import type { Sample } from "../../copy/polling/forecast.ts";
import type { StartConditions } from "./storage.ts";

/*
 * A page of a job: up to 5,000 objects in the order of the source's listing. Its plan is written once. Its progress is
 * written while it is worked on. Both are stored shapes: fields may be added, but never changed or removed.
 */

/** Where a page begins in the listing of the source: the marker of List Blobs; null at its beginning. */
export type PageStart = { marker: string | null };

export type PagePlan = {
  version: 1;
  page: number;
  /** Before the first listing of the page (ISO 8601). */
  plannedAt: string;
  /** The correlation id of each SAS that is signed for an object of this page. */
  scid: string;
  objects: readonly PlannedObject[];
  /** How many blobs of the page `select` left out. */
  leftOut: number;
  /** Where the next page begins; null after the last one. */
  next: PageStart | null;
};

/** The state of both blobs when the page was planned. `name`: below the source. ETags are bare. */
export type PlannedObject = {
  name: string;
  etag: string;
  length: number;
  /** Content-MD5 of the source (base64), for a copy; absent if Storage has none, and in plans of older releases. */
  md5?: string;
  type: string;
  /** Last-Modified of the source (epoch ms). */
  modified: EpochMs;
  /** The properties that are not copied; absent if there are none. */
  loses?: readonly Loss[];
  /** The source's index tags, for `tags: "source"`; absent otherwise. */
  tags?: Readonly<Record<string, string>>;
  do: PlannedAction;
};

export type PlannedAction =
  /** `ontoStub`: the blob with the ETag of `onto` is a stub; absent if it is not. */
  | { kind: "copy"; engine: Engine; onto: StartConditions["destination"]; ontoStub?: true }
  | { kind: "skip"; reason: string }
  | { kind: "fail"; cause: Cause; message: string };

/** How Storage copies an object: Copy Blob, or Copy Blob From URL. */
export const engines = ["copy-blob", "copy-blob-from-url"] as const;
export type Engine = (typeof engines)[number];

/** The kinds of properties that a copy may lack. */
export const losses = ["tags", "tier", "retention"] as const;
export type Loss = (typeof losses)[number];

/** The state of one object of a page; null: nothing is known. */
export type ObjectState = ObjectResult | OpenState;

/** A final state. `ms`: from the start of its copy to its end. `etag`: the destination's. */
export type ObjectResult =
  | { is: "copied"; copyId: CopyId; etag: string; ms: number }
  | { is: "skipped"; reason: string }
  | ({ is: "failed"; cause: Cause; message: string; copyId?: CopyId } & Residue)
  | ({ is: "aborted"; copyId?: CopyId } & Residue)
  /** The job ended before the object was started. */
  | { is: "not-started" };

/** `isFormerGone`: the copy replaced content of the destination; absent if it did not. */
export type Residue = { isFormerGone?: true };

export type PendingFacts = { overwrote?: true; found?: true };

export type OpenState =
  /**
   * Storage is copying the object. `since`: epoch ms. `bytes`: copied at the last poll. `overwrote`: the copy replaces
   * content that was written after the plan; absent if it does not. `found`: as in `CopyPlan`.
   */
  | ({ is: "pending"; copyId: CopyId; since: EpochMs; bytes: number } & PendingFacts)
  /**
   * A start got no clear response, so it may have started a copy. `tries`: the number of such starts, without throttled
   * ones; `at`: the time of the last one (epoch ms).
   */
  | { is: "uncertain"; tries: number; at: EpochMs };

export type PageProgress = {
  version: 1;
  page: number;
  /** One for each planned object, in the same order. */
  states: readonly (ObjectState | null)[];
  /** The runs without a recorded end, whose starts may be unrecorded. */
  runs: readonly OpenRun[];
  /** The polls of the page's pending copies. */
  polls: PagePolls | null;
  /** Set with the last state; from then on the page does not change. */
  part: ReportPart | null;
};

/** `until`: no start of the run can arrive at Storage after this time (epoch ms). */
export type OpenRun = { id: string; until: EpochMs };

/** `startedAt`: when the first copy that is pending was started (epoch ms); `dueAt`: the next poll. */
export type PagePolls = {
  startedAt: EpochMs;
  dueAt: EpochMs;
  polls: number;
  samples: readonly Sample[];
};

/** The part of the report about a page; without a report, its name is empty. `sha256`: hex. */
export type ReportPart = { name: string; lines: number; bytes: number; sha256: string };

export function isFinalState(state: ObjectState | null): state is ObjectResult {
  return state !== null && state.is !== "pending" && state.is !== "uncertain";
}
