import type { CopyStatus } from "../../copy/contract/copy-status.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import { interpretStatus } from "../../copy/decisions/read-status.ts";
import type {
  CopyPlan,
  StartInput,
  StartedCopy,
  StartResult,
} from "../../copy/contract/activities.ts";
import type { KnownRecord } from "../../ledger/ledger.ts";
import { withCopy } from "../../ledger/record.ts";
import type { DestinationSide } from "../../storage/copy-client.ts";
import type { ActivityDependencies } from "../support/dependencies.ts";
import { recognizeCopy } from "../../copy/decisions/recognize-copy.ts";
import { callStorage, toTransientFailure } from "../support/storage-call.ts";

export type Started = Extract<StartResult, { kind: "started" }>;

/**
 * Reads the destination for a copy that was started under one of these plans. Returns null if there is none.
 */
export async function findOurs(
  deps: ActivityDependencies,
  { copy }: Pick<StartInput, "copy">,
  { plans, destination }: { plans: readonly CopyPlan[]; destination: DestinationSide },
): Promise<Extract<StartResult, { kind: "started" | "transient-failure" }> | null> {
  const action = `read the destination ${endpointUrl(copy.destination)}`;
  const call = { call: "read-destination", action, side: destination } as const;
  const read = await callStorage(deps, call, () => deps.client.readDestination(destination));
  if (!read.ok) {
    // The orchestration retries the start, which repeats this read.
    return read.verdict.kind === "transient" ? toTransientFailure(read.verdict) : null;
  }
  const seen = read.value;
  const readAt = deps.now();
  const found = recognizeCopy(copy, { plans, options: copy.options }, seen);
  if (found === null) return null;
  // Polls also name the cause of a failed copy, from the terms of the source's SAS.
  const status: CopyStatus | null =
    seen?.copy?.status === "failed"
      ? null
      : interpretStatus(found, seen, { sas: null, now: readAt });
  return {
    kind: "started",
    started: found,
    ...(status === null ? {} : { status: { ...status, readAt } }),
  };
}

/** Records the copyId of a copy that an earlier attempt has started, which resolves all attempts. */
export async function adopt(
  deps: ActivityDependencies,
  { instanceId }: StartInput,
  started: StartedCopy,
  known: KnownRecord,
): Promise<Started> {
  const now = deps.now();
  await deps.ledger.records.change(instanceId, known, (record) =>
    record.outcome === null && record.settlement === null ? withCopy(record, started, now) : null,
  );
  return { kind: "started", started };
}
