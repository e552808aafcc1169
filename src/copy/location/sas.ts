import { parseTime } from "../time.ts";
import type { EpochMs } from "../time.ts";
let reveal: (sas: Sas) => string;

/**
 * A shared access signature: the query string of a URL, which is a secret. It prints, logs and serializes as
 * `[sas]`. Only `revealSas` returns its text, and lint allows that call only in `storage/` and `secrets/`.
 */
export class Sas {
  readonly #query: string;

  static {
    reveal = (sas) => sas.#query;
  }

  constructor(query: string) {
    this.#query = query;
  }

  /** The number of characters of the query string, which is not secret. */
  get length(): number {
    return this.#query.length;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return redacted;
  }
}

const redacted = "[sas]";

/** The SAS as a query string without its question mark. Never log, store or return it. */
export function revealSas(sas: Sas): string {
  return reveal(sas);
}

/** The terms of a SAS, which are not secret. Times are epoch ms. A field is null if the SAS does not have it. */
export type SasTerms = {
  startsAt: EpochMs | null;
  expiresAt: EpochMs | null;
  permissions: string | null;
};

/** Reads the terms of a SAS ("Create a service SAS": `st`, `se`, `sp`). */
export function sasTerms(sas: Sas): SasTerms {
  const query = new URLSearchParams(reveal(sas));
  return {
    startsAt: parseEpoch(query.get("st")),
    expiresAt: parseEpoch(query.get("se")),
    permissions: query.get("sp"),
  };
}

/** Returns true if the SAS has expired at `now` (epoch ms) according to its terms. */
export function hasSasExpired(sas: Sas | null, now: EpochMs): boolean {
  const expiresAt = sas === null ? null : sasTerms(sas).expiresAt;
  return expiresAt !== null && expiresAt <= now;
}

function parseEpoch(text: string | null): EpochMs | null {
  const time = parseTime(text ?? "");
  return Number.isNaN(time) ? null : time;
}

/**
 * Query parameters that belong to a SAS ("Create an account SAS", "Create a service SAS", "Create a
 * user delegation SAS"). Requests with any other query parameter are rejected.
 */
export const sasParameters: ReadonlySet<string> = new Set([
  ..."sv ss srt sr st se sp spr sip sig si ses sdd".split(" "),
  ..."skoid sktid skt ske sks skv saoid suoid scid sduoid skdutid".split(" "),
  ..."rscc rscd rsce rscl rsct".split(" "),
]);
