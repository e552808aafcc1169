import type { CopyEndpoints, CopyInput, EndFacts } from "../copy/contract/activities.ts";
import type { InstanceId } from "../copy/contract/ids.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import type { Endpoint } from "../copy/location/endpoint.ts";
import { second } from "../copy/durations.ts";
import { parseTime } from "../copy/time.ts";
import type { LogColumns } from "./log-lines.ts";
import { traceIdOf } from "./trace-context.ts";

/** A copy that has ended. `again`: an earlier execution had recorded its outcome. */
export type EndedCopy = {
  instanceId: InstanceId;
  copy: CopyEndpoints;
  /** ISO 8601; undefined in inputs of older releases. */
  createdAt: string | undefined;
  facts: EndFacts | undefined;
  outcome: Outcome;
  again: boolean;
  recorded: boolean;
};

/** The columns of `ferry.copy.ended`. */
export function endedColumns(ended: EndedCopy): LogColumns<"ferry.copy.ended"> {
  const { instanceId, copy, createdAt = null, facts, outcome, again, recorded } = ended;
  const { startedAt, completedAt, copyCompletedAt = null, settledAt } = outcome;
  const failure = outcome.status === "failed" ? outcome.failure : null;
  return {
    instanceId,
    traceId: traceIdOf(copy.trace),
    again,
    outcome: outcome.status,
    cause: failure?.cause ?? null,
    storageStatus: failure?.storage?.status ?? null,
    storageCode: failure?.storage?.code ?? null,
    trigger: facts === undefined ? null : facts.eventAt === undefined ? "request" : "event",
    route: facts?.route ?? null,
    ...accountColumns(copy),
    bytes: outcome.progress?.bytesCopied ?? null,
    createdAt,
    startedAt,
    completedAt,
    settledAt,
    seconds: secondsBetween(createdAt, completedAt),
    copySeconds: secondsBetween(startedAt, completedAt),
    lagSeconds: secondsBetween(copyCompletedAt, settledAt),
    eventLagSeconds: secondsBetween(facts?.eventAt ?? null, completedAt),
    reads: outcome.statusReads,
    activities: facts?.activities ?? null,
    timers: facts?.timers ?? null,
    abortRequested: outcome.abortRequested,
    residues: outcome.residue.length,
    recorded,
  };
}

/** The columns of `ferry.copy.accepted`. */
export function acceptedColumns(
  instanceId: InstanceId,
  copy: CopyInput,
): LogColumns<"ferry.copy.accepted"> {
  return {
    instanceId,
    traceId: traceIdOf(copy.trace),
    trigger: copy.event === undefined ? "request" : "event",
    route: routeOf(copy),
    ...accountColumns(copy),
  };
}

/** The columns of `ferry.copy.stuck`. `overdueSeconds`: null unless the copy was woken. */
export function stuckColumns(
  { instanceId, copy }: { instanceId: InstanceId; copy: CopyInput },
  { action, overdueSeconds }: Pick<LogColumns<"ferry.copy.stuck">, "action" | "overdueSeconds">,
): LogColumns<"ferry.copy.stuck"> {
  const { sourceAccount, destinationAccount } = accountColumns(copy);
  return {
    instanceId,
    traceId: traceIdOf(copy.trace),
    action,
    overdueSeconds,
    route: routeOf(copy),
    sourceAccount,
    destinationAccount,
  };
}

function routeOf({ event, route }: CopyInput): string | null {
  return event?.route ?? route ?? null;
}

function accountColumns({ source, destination }: Pick<CopyEndpoints, "source" | "destination">) {
  return {
    sourceAccount: accountOf(source),
    sourceService: source.service,
    destinationAccount: destination.account,
    destinationService: destination.service,
  };
}

/** The account's name; for a source outside Storage, its host. */
function accountOf(endpoint: Endpoint): string {
  return endpoint.service === "external" ? new URL(endpoint.origin).host : endpoint.account;
}

/** Null if a time is unknown. Never negative, although the clocks of Storage and of the app differ. */
export function secondsBetween(from: string | null, to: string): number | null {
  return from === null ? null : Math.max(0, parseTime(to) - parseTime(from)) / second;
}
