import type { DurableClient } from "durable-functions";
import type { InstanceId } from "../copy/contract/ids.ts";
import type { JobStep } from "../jobs/contract/job-input.ts";
import type { JobRecord } from "../jobs/contract/job-record.ts";
import { jobInstanceId, orchestrations } from "../names.ts";
import { acceptedJobColumns } from "../telemetry/job-lines.ts";
import { currentTraceparent, emit } from "../telemetry/scope.ts";
import { DurableError } from "./durable-error.ts";

/** The state of a job's orchestration according to Durable. */
export type JobExecution = "running" | "suspended" | "ended" | "missing";

/**
 * Starts the orchestration of the job's generation. If the caller is not the first to do so, it changes nothing. Throws
 * `DurableError`; the watchdog starts it later.
 */
export async function startJobInstance(
  client: DurableClient,
  id: InstanceId,
  record: JobRecord,
): Promise<void> {
  const { generation, input } = record;
  const trace = input.trace ?? currentTraceparent() ?? undefined;
  const step: JobStep = {
    version: 1,
    instanceId: id,
    generation,
    ...(trace === undefined ? {} : { trace }),
  };
  const instanceId = jobInstanceId(id, generation);
  try {
    await client.startNew(orchestrations.job, { instanceId, input: step });
  } catch (cause) {
    // Another caller was first: the extension rejects the id of a running instance, which may have ended by now.
    if ((await readJobExecution(client, instanceId)) !== "missing") return;
    throw new DurableError(`start job ${id}`, { cause });
  }
  emit("ferry.job.accepted", acceptedJobColumns(id, input, record));
}

/** Reads whether an orchestration of a job is running. Throws `DurableError`. */
export async function readJobExecution(
  client: DurableClient,
  instanceId: string,
): Promise<JobExecution> {
  try {
    const status: string = (await client.getStatus(instanceId)).runtimeStatus;
    if (status === "Suspended") return "suspended";
    const isEnded = ["Completed", "Failed", "Terminated", "Canceled"].includes(status);
    return isEnded ? "ended" : "running";
  } catch (cause) {
    // The SDK throws this text for an unknown instance (3.5.0, DurableClient.getStatus).
    if (cause instanceof Error && cause.message.includes("replied with HTTP 404")) return "missing";
    throw new DurableError(`read the orchestration ${instanceId}`, { cause });
  }
}
