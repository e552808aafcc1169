import { failure } from "../../copy/contract/failure.ts";
import type { Failure } from "../../copy/contract/failure.ts";
import type { CopyInput } from "../../copy/contract/activities.ts";
import { isWellNamed } from "../../copy/location/well-named.ts";

/**
 * Fails a copy whose names Ferry could not have parsed. Its triggers pass none on, but a client that can start
 * orchestrations can: a dot segment would lead to another blob than the one that was checked.
 */
export function refuseNames(copy: CopyInput): { kind: "failed"; failure: Failure } | null {
  const side = (["source", "destination"] as const).find((name) => !isWellNamed(copy[name]));
  if (side === undefined) return null;
  const message = `Cannot start the copy because its ${side} has a name that no URL of a request can have`;
  return { kind: "failed", failure: failure("not-supported", message) };
}
