import type { MaskedResponse } from "./mask.ts";

/** A call to which the local engine responds otherwise, on purpose. README.md beside this folder lists them. */
export type KnownDifference = {
  /** A name in calls.ts. */
  call: string;
  extension: Partial<MaskedResponse>;
  local: Partial<MaskedResponse>;
  /** Why it stays. */
  reason: string;
};

export const knownDifferences: readonly KnownDifference[] = [];
