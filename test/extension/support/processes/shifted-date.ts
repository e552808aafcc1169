const RealDate = Date;
let aheadMs = 0;

/** A date of this process: the system's, and `aheadMs` more. */
class ShiftedDate extends RealDate {
  constructor(...parts: [] | [number | string | Date]) {
    if (parts.length === 0) super(RealDate.now() + aheadMs);
    else super(...(parts as [number])); // the other forms of the constructor take the same path
  }

  static override now(): number {
    return RealDate.now() + aheadMs;
  }
}

/** Moves the `Date` of this process ahead of the system's. */
export function setClockAhead(ms: number): void {
  aheadMs = ms;
  globalThis.Date = ms === 0 ? RealDate : (ShiftedDate as DateConstructor);
}
