import { createHash } from "node:crypto";
import type { HttpResponseInit } from "@azure/functions";
import { timeOfId } from "../../../copy/contract/ids.ts";
import type { InstanceId } from "../../../copy/contract/ids.ts";
import type { AccessPolicy } from "../../../copy/routing/copy-access.ts";
import { toIso } from "../../../copy/time.ts";
import type { EpochMs } from "../../../copy/time.ts";
import { deniedJob, invalidRequest, problem, sealFix } from "../../../http/problem.ts";
import { readJobExecution, startJobInstance } from "../../../instances/start-job-instance.ts";
import { placeUrl } from "../../../jobs/contract/job-input.ts";
import type { JobInput, JobPlace } from "../../../jobs/contract/job-input.ts";
import type { JobRecord } from "../../../jobs/contract/job-record.ts";
import { newJobRecord } from "../../../jobs/decisions/job-status.ts";
import { checkJobAccess } from "../../../jobs/request/job-access.ts";
import { parseJobRequest } from "../../../jobs/request/job-request.ts";
import type { JobRequest } from "../../../jobs/request/job-request.ts";
import { folderOf, placeIdentity } from "../../../jobs/request/places.ts";
import { jobInstanceId } from "../../../names.ts";
import type { Seal } from "../../../secrets/seal.ts";
import { claimInstance, findClaimed, keyReused, readIdempotencyKey } from "../claim-instance.ts";
import type { HttpHandler } from "../http-handler.ts";
import { readPrincipal } from "../principals.ts";
import { readJson } from "../read-json.ts";
import { toJobResponse } from "./get-job.ts";
import type { JobReadDependencies } from "./get-job.ts";

export type JobStartDependencies = JobReadDependencies &
  AccessPolicy & {
    seal: Seal;
    newInstanceId(now: EpochMs): InstanceId;
    /** The traceparent of the invocation; null outside of one. */
    currentTraceparent(): string | null;
  };

/**
 * POST /jobs: 202 with the job that was started; 200 with the job that an earlier request with the same Idempotency-Key
 * started. A request that is invalid, not allowed, or overlaps with another job starts nothing.
 */
export function startJob(deps: JobStartDependencies): HttpHandler {
  return async (request, client) => {
    const body = await readJson(request);
    if (!body.ok) return body.response;
    const now = deps.now();
    const parsed = parseJobRequest(body.json, deps.origins);
    const key = readIdempotencyKey(request);
    const problems = [...(parsed.ok ? [] : parsed.problems), ...key.problems];
    if (!parsed.ok || problems.length > 0) return invalidRequest(problems);
    const denial = checkJobAccess(deps, parsed.request, now);
    const refusal = denial === null ? refuseSas(deps.seal, parsed.request) : deniedJob(denial);

    const principal = readPrincipal(request, deps.principals);
    const call = { key: key.value, fingerprint: buildFingerprint(parsed.request), now };
    // A repeated request gets its job, even if the same request with a new key would be rejected.
    const claim = await (refusal === null ? claimInstance : findClaimed)(deps, call, principal);
    if (claim === null) return refusal ?? keyReused();
    if (!claim.ok) return claim.response;
    const { instanceId: id, name, isNew } = claim;
    const { jobs } = deps.ledger;
    const earlier = isNew ? null : await jobs.read(id);
    const respondAgain = async (existing: JobRecord) => {
      const execution = jobInstanceId(id, existing.generation);
      const isLost = existing.end === null && existing.wanted === "run";
      if (isLost && (await readJobExecution(client, execution)) === "missing") {
        await startJobInstance(client, id, existing);
      }
      return toJobResponse(200, { id, record: existing }, request);
    };
    if (earlier !== null) return await respondAgain(earlier);
    if (refusal !== null) return refusal;
    const input: JobInput = {
      ...createJobInput(deps, parsed.request, id),
      ...(principal === null ? {} : { owner: principal }),
      ...(name === null ? {} : { claim: name }),
    };
    const destination = placeIdentity(input.destination);
    const record = newJobRecord(input, parsed.request.dryRun);
    const { generation } = record;
    const other = await jobs.active.add({ instanceId: id, generation, destination, since: now });
    if (other !== null) return overlaps(input.destination);
    if (!(await jobs.create(id, record))) {
      // A simultaneous request with the same Idempotency-Key has created the job.
      const existing = await jobs.read(id);
      if (existing !== null) return await respondAgain(existing);
    }
    await startJobInstance(client, id, record);
    return toJobResponse(202, { id, record }, request);
  };
}

/** Another caller's job is not named. */
export function overlaps(destination: JobPlace): HttpResponseInit {
  const detail = `Another job that has not ended writes to an overlapping destination: ${placeUrl(destination)}`;
  return problem("job-overlaps", detail);
}

function createJobInput(
  { seal: { seal }, currentTraceparent }: JobStartDependencies,
  request: JobRequest,
  instanceId: InstanceId,
): JobInput {
  const { source, destination, sourceSas, destinationSas, dryRun: _, ...rest } = request;
  const trace = currentTraceparent();
  const place = { instanceId, endpoint: folderOf(source) };
  const target = { instanceId, endpoint: folderOf(destination) };
  return {
    source,
    destination,
    ...rest,
    sourceSas: sourceSas && seal && seal(sourceSas, { ...place, field: "sourceSas" }),
    destinationSas:
      destinationSas && seal && seal(destinationSas, { ...target, field: "destinationSas" }),
    createdAt: toIso(timeOfId(instanceId)),
    ...(trace === null ? {} : { trace }),
  };
}

function refuseSas({ seal }: Seal, request: JobRequest): HttpResponseInit | null {
  const fields = (["source", "destination"] as const).filter(
    (field) => request[`${field}Sas`] !== null,
  );
  if (seal !== null || fields.length === 0) return null;
  const detail = "A SAS is accepted only if it can be encrypted, and the app has no key for that";
  const errors = fields.map((field) => ({ pointer: `/${field}`, message: "contains a SAS" }));
  return problem("invalid-request", detail, { fix: sealFix, errors });
}

/** Builds a hash that identifies a request without its secrets. It differs from that of every copy. */
function buildFingerprint(request: JobRequest): string {
  const { source, destination, select, options, concurrency, maxFailures, report, dryRun } =
    request;
  const places = [source, destination, ...(report === null ? [] : [report])].map(placeUrl);
  const rest = sorted({ select, options, concurrency, maxFailures, dryRun });
  const text = JSON.stringify(["job", places, rest]);
  return createHash("sha256").update(text).digest("hex");
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, inner]) => [name, sorted(inner)]);
}
