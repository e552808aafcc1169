import type { MaskedResponse } from "./mask.ts";

/** A call to which the local engine responds otherwise, on purpose. The README of this suite lists them. */
export type KnownDifference = {
  /** A name in calls.ts. */
  call: string;
  extension: Partial<MaskedResponse>;
  local: Partial<MaskedResponse>;
  /** Why it stays. */
  reason: string;
};

export const knownDifferences: readonly KnownDifference[] = [
  {
    call: "status of an instance with an unknown activity",
    extension: { status: 202 },
    local: { status: 200 },
    reason:
      "The extension leaves the instance Running for ever; the local engine fails it with the name of the activity",
  },
  {
    call: "rewind a running instance",
    extension: { status: 412 },
    local: { status: 501 },
    reason: "Rewinding is not implemented: Ferry repairs a failed copy with an instance of its own",
  },
];
