import type { FerryError, Timeline } from "../../../client/ferry.ts";
import type { Fix } from "./failures.ts";
import { emptyListing, noFilter } from "./listing.ts";
import type { Filter, Listing } from "./listing.ts";
import type { Notice } from "./notices.ts";
import type { Retries, Rows } from "./rows.ts";
import { openThroughput } from "./throughput.ts";
import type { Throughput } from "./throughput.ts";

/**
 * How the page and the app stand.
 * - `key`: the host wants a function key; `isRejected` if it had one;
 * - `sign-in`: the app wants a sign-in with Microsoft Entra;
 * - `settings`: the settings of the app are wrong;
 * - `lost`: the last call failed, and the page tries again.
 */
export type Connection =
  | { kind: "loading" | "live" | "sign-in" }
  | { kind: "key"; isRejected: boolean }
  | { kind: "settings"; message: string }
  | { kind: "lost"; message: string; fix: string | null };

/** What a dialog asks or shows. */
export type Dialog =
  /** `like`: the copy whose source and destination the form has at first. */
  | { kind: "start"; like: { source: string; destination: string } | null }
  | { kind: "key" }
  | {
      kind: "question";
      action: "abort" | "retry" | "delete";
      ids: readonly string[];
      about: string;
    };

export type Details = { timeline: Timeline | null; error: FerryError | null; isGone: boolean };

export type PageState = {
  connection: Connection;
  /** When the last response of the app arrived (epoch ms), or null. */
  updatedAt: number | null;
  isPaused: boolean;
  now: number;
  filter: Filter;
  search: string;
  view: "list" | "causes";
  rows: Rows;
  retries: Retries;
  listing: Listing;
  selected: string | null;
  details: Details;
  fixes: ReadonlyMap<string, Fix>;
  throughput: Throughput;
  dialog: Dialog | null;
  /** The newest message, which is also read out. */
  notice: Notice | null;
};

export const noDetails: Details = { timeline: null, error: null, isGone: false };

export function initialState(now: number): PageState {
  return {
    connection: { kind: "loading" },
    updatedAt: null,
    isPaused: false,
    now,
    filter: noFilter,
    search: "",
    view: "list",
    rows: new Map(),
    retries: new Map(),
    listing: emptyListing,
    selected: null,
    details: noDetails,
    fixes: new Map(),
    throughput: openThroughput(now),
    dialog: null,
    notice: null,
  };
}
