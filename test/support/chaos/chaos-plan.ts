import * as fc from "fast-check";

/** The phases of a copy, named after the activity that runs; `ended`: after its end. */
export const phases = ["start", "pending", "abort", "settle"] as const;
export type Phase = (typeof phases)[number];

/** A fault of one request: an error response, or none. Times in ms. */
export type Trouble =
  | { deed: "refused 500" | "refused 503" | "refused 429" | "connection reset" | "answer lost" }
  /** Storage executes the request and responds after this delay. */
  | { deed: "slow answer"; ms: number }
  /** The connection breaks immediately, but the request reaches Storage after this delay. */
  | { deed: "late arrival"; ms: number };

/** An action of another client while one of our requests is in flight. */
export type Interference = {
  deed:
    | "abort"
    | "abort twice"
    | "wake"
    | "kill"
    | "stranger writes"
    | "stranger deletes"
    | "stranger aborts"
    | "stranger copies another source"
    | "stranger copies the same source"
    | "stranger sets metadata"
    | "source rewritten"
    | "source deleted"
    | "copy fails at Storage";
};

/** Happens at the nth request (from 0) that the copy sends in that phase, and at the next `more` requests. */
export type Incident = { phase: Phase | "ended"; nth: number; more: number } & (
  | Trouble
  | Interference
);

export type CopyPlan = {
  overwrite: "fail" | "skip" | "if-newer" | "always";
  /** The former content of the destination; `lock left`: together with the lock of an ended copy. */
  before: "nothing" | "older blob" | "newer blob" | "foreign pending copy" | "lock left";
  bytes: number;
  /** How long Storage copies (ms); 0 finishes within the start. */
  takes: number;
  /** Delays (ms) after which activities of a phase run again. */
  again: Partial<Record<Phase, readonly number[]>>;
  incidents: readonly Incident[];
};

const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const chance = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });
const minute = 60_000;

const troubles: fc.Arbitrary<Trouble> = fc.oneof(
  pick(
    { deed: "refused 500" } as const,
    { deed: "refused 503" } as const,
    { deed: "refused 429" } as const,
  ),
  fc.constant({ deed: "connection reset" as const }),
  fc.constant({ deed: "answer lost" as const }),
  // A delay beyond the time-outs of the product's clients would be another fault: "answer lost".
  fc.integer({ min: 1, max: 14_000 }).map((ms) => ({ deed: "slow answer" as const, ms })),
  // The product assumes that a start reaches Storage within 45 s, or never.
  fc.integer({ min: 1, max: 40_000 }).map((ms) => ({ deed: "late arrival" as const, ms })),
);

/** A step sends up to eight requests; it rarely sends the later ones. */
const place = {
  phase: pick(...phases),
  nth: fc.oneof(chance(2, fc.nat(1)), chance(3, fc.nat(5)), chance(1, fc.nat(8))),
};

const trouble: fc.Arbitrary<Incident> = fc
  .tuple(fc.record(place), troubles, fc.nat(3))
  .map(([at, what, more]) => ({ ...at, ...what, more }));

const happening = (
  places: { phase: fc.Arbitrary<Incident["phase"]>; nth: fc.Arbitrary<number> },
  ...deeds: readonly Interference["deed"][]
): fc.Arbitrary<Incident> => fc.record({ ...places, deed: pick(...deeds), more: fc.constant(0) });

const asked = fc.record({
  ...place,
  deed: pick("abort" as const, "abort twice" as const),
  more: fc.constant(0),
});

/**
 * Another writer's copy of the same source that begins between our plan and our start without a response cannot be
 * distinguished from ours (unless a minted SAS has a correlation id). Exactly that case is left out: such a writer
 * acts only before our plan, or in phases in which Storage has responded to our start.
 */
const sameSourceOnceToldApart = happening(
  { phase: pick("pending", "abort", "settle", "ended"), nth: fc.nat(3) },
  "stranger copies the same source",
);

const incident: fc.Arbitrary<Incident> = fc.oneof(
  chance(10, trouble),
  chance(1, happening(place, "wake")),
  chance(
    2,
    happening(
      { phase: pick(...phases, "ended"), nth: fc.nat(5) },
      "stranger writes",
      "stranger deletes",
      "stranger copies another source",
      "stranger sets metadata",
    ),
  ),
  chance(1, happening(place, "stranger aborts", "source rewritten", "source deleted")),
  chance(
    1,
    happening(
      { phase: pick("pending"), nth: fc.nat(1) },
      "source rewritten",
      "stranger aborts",
      "stranger deletes",
    ),
  ),
  chance(1, happening({ phase: pick("pending"), nth: fc.nat(2) }, "copy fails at Storage")),
  chance(1, sameSourceOnceToldApart),
);

const again = fc.array(pick(0, 1_000, 30_000, 2 * minute, 10 * minute), {
  minLength: 1,
  maxLength: 2,
});

/** Plans of copies whose host dies at none or at some of its commits. */
export function copyPlans(deaths: "none" | "some"): fc.Arbitrary<CopyPlan> {
  if (deaths === "none") return plans;
  // A few in each group: a death of the host affects all copies of the group.
  const death = fc.oneof(chance(3, fc.constant(null)), chance(1, happening(place, "kill")));
  return fc
    .tuple(plans, death)
    .map(([plan, kill]) =>
      kill === null ? plan : { ...plan, incidents: [...reachable([kill]), ...plan.incidents] },
    );
}

const plans: fc.Arbitrary<CopyPlan> = fc
  .record({
    overwrite: fc.oneof(
      chance(4, pick("always" as const)),
      chance(2, pick("fail" as const, "if-newer" as const)),
      chance(1, pick("skip" as const)),
    ),
    before: fc.oneof(
      chance(10, pick("nothing" as const)),
      chance(6, pick("older blob" as const)),
      chance(1, pick("newer blob" as const, "foreign pending copy" as const)),
      chance(1, pick("lock left" as const)),
    ),
    bytes: fc.integer({ min: 1, max: 9_999 }),
    takes: fc.oneof(chance(1, fc.constant(0)), chance(8, fc.integer({ min: 1, max: 3 * minute }))),
    again: fc.record(
      { start: again, pending: again, abort: again, settle: again },
      { requiredKeys: [] },
    ),
    abort: fc.oneof(chance(2, fc.constant(null)), chance(1, asked)),
    incidents: fc.array(incident, { maxLength: 4 }),
  })
  .map(({ abort, incidents, ...rest }) => ({
    ...rest,
    incidents: abort === null ? reachable(incidents) : [abort, ...reachable(incidents)],
  }));

/** Adds the abort of a pending copy that incidents in the phase "abort" require. */
function reachable(incidents: readonly Incident[]): readonly Incident[] {
  if (!incidents.some(({ phase }) => phase === "abort")) return incidents;
  return [{ phase: "pending", nth: 0, more: 0, deed: "abort" }, ...incidents];
}
