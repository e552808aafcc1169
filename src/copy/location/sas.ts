let reveal: (sas: Sas) => string;

/**
 * A shared access signature: the query of a URL, and a secret. It prints, logs and serialises as
 * `[sas]`; `revealSas` is its only exit, and lint allows that call in `storage/` and `secrets/` alone.
 */
export class Sas {
  readonly #query: string;

  static {
    reveal = (sas) => sas.#query;
  }

  constructor(query: string) {
    this.#query = query;
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

/** What a SAS says of itself; none of it is secret. Times are epoch ms, null where it names none. */
export type SasTerms = {
  startsAt: number | null;
  expiresAt: number | null;
  permissions: string | null;
};

/** Reads the terms a SAS states about itself ("Create a service SAS": `st`, `se`, `sp`). */
export function sasTerms(sas: Sas): SasTerms {
  const query = new URLSearchParams(reveal(sas));
  return {
    startsAt: epoch(query.get("st")),
    expiresAt: epoch(query.get("se")),
    permissions: query.get("sp"),
  };
}

/** Whether the SAS, by its own words, is over at `now` (epoch ms). */
export function hasSasEnded(sas: Sas | null, now: number): boolean {
  const end = sas === null ? null : sasTerms(sas).expiresAt;
  return end !== null && end <= now;
}

function epoch(text: string | null): number | null {
  const time = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? null : time;
}

/**
 * Query parameters that belong to a SAS ("Create an account SAS", "Create a service SAS", "Create a
 * user delegation SAS"). Everything else in a query is refused by name.
 */
export const sasParameters: ReadonlySet<string> = new Set([
  ..."sv ss srt sr st se sp spr sip sig si ses sdd".split(" "),
  ..."skoid sktid skt ske sks skv saoid suoid scid sduoid skdutid".split(" "),
  ..."rscc rscd rsce rscl rsct".split(" "),
]);
