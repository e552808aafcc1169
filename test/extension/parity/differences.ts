import type { MaskedResponse } from "./mask.ts";

/** A call to which the local engine deliberately responds differently. The README of this suite lists them. */
export type KnownDifference = {
  /** A name in calls.ts. */
  call: string;
  extension: Partial<MaskedResponse>;
  local: Partial<MaskedResponse>;
  /** The reason for the difference. */
  reason: string;
};

export const knownDifferences: readonly KnownDifference[] = [
  {
    call: "restart an ended instance",
    extension: { status: 202 },
    local: { status: 501 },
    reason: "Restarting is not implemented: Ferry starts a new copy instead, under a new id",
  },
];
