import type { InstanceId } from "../../../copy/contract/ids.ts";
import type { JobInput } from "../../../jobs/contract/job-input.ts";
import type { JobAccess, JobContainer, JobSide } from "../../../jobs/contract/storage.ts";
import { folderOf } from "../../../jobs/request/places.ts";
import { UnsealError } from "../../../secrets/seal.ts";
import type { Seal } from "../../../secrets/seal.ts";

/**
 * The two sides of a job. A run opens the SAS of a side only for the calls that need it, so that a missing key does not
 * block other steps.
 */
export type JobSides = { source: SealedSide; destination: SealedSide };

/** `access` opens the side's SAS, at most once in a run. It throws `UnsealError`. */
export type SealedSide = { container: JobContainer; access(): JobAccess };

/** Returns the sides of a run, none of them opened. */
export function createJobSides(
  { seal }: { seal: Seal },
  instanceId: InstanceId,
  input: JobInput,
): JobSides {
  const create = (side: "source" | "destination"): SealedSide => {
    const place = input[side];
    const field = `${side}Sas` as const;
    const sealed = input[field];
    const { container } = place;
    if (sealed === null) return { container, access: () => ({ kind: "identity" }) };
    let opened: JobAccess | null = null;
    const open = () => seal.open(sealed, { instanceId, field, endpoint: folderOf(place) });
    return { container, access: () => (opened ??= { kind: "sas", sas: open() }) };
  };
  return { source: create("source"), destination: create("destination") };
}

/** Opens a side for a call to Storage. Throws `UnsealError`. */
export function openSide({ container, access }: SealedSide): JobSide {
  return { container, access: access() };
}

/** Returns why the SAS of a side cannot be opened now; null if it can, or if there is none. */
export function findUnsealError({ access }: SealedSide): UnsealError | null {
  try {
    access();
    return null;
  } catch (error) {
    if (error instanceof UnsealError) return error;
    throw error;
  }
}
