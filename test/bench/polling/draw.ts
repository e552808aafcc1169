/** Pseudo-random numbers that are determined by a seed. */
export type Draw = {
  between(low: number, high: number): number;
  /** Each power of ten is equally likely. */
  logarithmic(low: number, high: number): number;
};

/** Mulberry32: 32 bits of state, enough for traces. */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number) => low + (high - low) * next();
  return {
    between,
    logarithmic: (low, high) => Math.exp(between(Math.log(low), Math.log(high))),
  };
}
