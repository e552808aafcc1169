import { createHash } from "node:crypto";
import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { isAllowed, isOwnState } from "../copy/access-policy.ts";
import type { AllowedPair, OwnAccount } from "../copy/access-policy.ts";
import { optionsOff, parseCopyRequest } from "../copy/copy-request.ts";
import type { CopyRequest } from "../copy/copy-request.ts";
import { endpointUrl } from "../copy/endpoint.ts";
import type { EmulatorOrigin } from "../copy/endpoint.ts";
import type { CopyInput } from "../copy/steps.ts";
import { copyAnswer, copyView } from "../http/copy-view.ts";
import type { CopyRun } from "../http/copy-view.ts";
import { problem } from "../http/problem.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { orchestrations } from "../names.ts";
import type { Seal } from "../secrets/seal.ts";
import { findRun, ownRun } from "./copy-run.ts";
import { copiesPath } from "./dispatch.ts";
import type { Answer } from "./dispatch.ts";
import { readJson } from "./read-json.ts";
import { recordOf, startRepair } from "./repair.ts";

export type StartDeps = {
  allowed: readonly AllowedPair[];
  emulator: EmulatorOrigin;
  ledger: Ledger;
  seal: Seal;
  /** The app's own storage account, which nobody copies into or out of where state is kept. */
  own: OwnAccount;
  /** Whether something in front of the app vouches for x-ms-client-principal-id. */
  trustsPrincipals: boolean;
  now(): Date;
  newInstanceId(now: Date): string;
};

/**
 * POST /copies: 202 with the copy that now runs; 200 with the copy that the same Idempotency-Key began
 * before. Nothing is written, read or started for a request that is not valid and allowed.
 */
export function startCopy(deps: StartDeps): Answer {
  return async (request, client, context) => {
    const body = await readJson(request);
    if (!body.ok) return body.answer;
    const parsed = parseCopyRequest(body.json, deps.emulator);
    const key = idempotencyKey(request);
    const problems = [...(parsed.ok ? [] : parsed.problems), ...key.problems];
    if (!parsed.ok || problems.length > 0) {
      const detail = `${problems.length} thing${problems.length === 1 ? "" : "s"} to mend; nothing was started`;
      return problem("invalid-request", detail, { errors: problems });
    }
    const refused = refusal(deps, parsed.request);
    if (refused !== null) return refused;

    const now = deps.now();
    const claim = await claimInstance(deps, request, key.value, parsed.request, now);
    if (!claim.ok) return claim.answer;
    const { instanceId } = claim;
    const answer = (status: 200 | 202, copy: Parameters<typeof copyView>[0]) =>
      copyAnswer(status, copyView(copy, copiesPath(request)), {
        url: request.url,
        now: now.getTime(),
      });

    const existing = claim.isNew
      ? null
      : ((await findRun(client, deps.ledger, instanceId)) ??
        (await repairLost(client, deps.ledger, instanceId, parsed.request)));
    if (existing !== null) return answer(200, existing);
    const copy = copyInput(deps, parsed.request, instanceId, now);
    await deps.ledger.open({ instanceId, ...copy });
    const started = await startOrchestration(client, instanceId, copy);
    if (started === "unknown") {
      context.error(`Cannot tell whether the orchestration of copy ${instanceId} was started`);
      const detail = `Copy ${instanceId} may have been started or not; look it up, or send the request again with its Idempotency-Key`;
      const location = new URL(`${copiesPath(request)}/${instanceId}`, request.url).href;
      return problem("unavailable", detail, { headers: { "retry-after": "10", location } });
    }
    return answer(started === "existed" ? 200 : 202, {
      id: instanceId,
      copy,
      state: null,
      ending: { kind: "running" },
    });
  };
}

/**
 * A copy that holds its destination while Durable knows no run of it was lost, not left unstarted: a
 * second run would meet the first one's copy and take it for somebody else's.
 */
async function repairLost(
  client: DurableClient,
  ledger: Ledger,
  instanceId: string,
  { destination }: CopyRequest,
): Promise<CopyRun | null> {
  const slot = await ledger.slotOf(destination);
  if (slot?.instanceId !== instanceId || slot.copy === null) return null;
  // Asked again, now that the slot is known to be held: a run that has just begun is known by now.
  const begun = await findRun(client, ledger, instanceId);
  if (begun !== null) return begun;
  await startRepair(client, { slot, copy: slot.copy, record: recordOf(null) });
  return { id: instanceId, copy: slot.copy, state: null, ending: { kind: "running" } };
}

/** Checked before anything else happens: the app must not be anybody's deputy. */
function refusal(deps: StartDeps, request: CopyRequest): HttpResponseInit | null {
  const { source, destination, sourceSas, destinationSas } = request;
  const ownEnd = [source, destination].find((endpoint) => isOwnState(deps.own, endpoint));
  if (ownEnd !== undefined) {
    const detail = `${endpointUrl(ownEnd)} lies where this app and its host keep their own state`;
    return problem("not-allowed", detail);
  }
  if (!isAllowed(deps.allowed, request)) {
    const detail = `No pair in COPY_ALLOWED allows a copy from ${endpointUrl(source)} to ${endpointUrl(destination)}`;
    return problem("not-allowed", detail);
  }
  if (deps.seal.seal !== null || (sourceSas === null && destinationSas === null)) return null;
  const detail =
    "A SAS is only taken when it can be sealed: set COPY_SECRET_KEYS (make a key with: openssl rand -base64 32), or leave the SAS out and give this app's identity a role";
  return problem("invalid-request", detail, {
    errors: [
      ...(sourceSas === null ? [] : [{ pointer: "/source", message: "carries a SAS" }]),
      ...(destinationSas === null ? [] : [{ pointer: "/destination", message: "carries a SAS" }]),
    ],
  });
}

/** Binds the request to an instance id: a new one, or the one its Idempotency-Key has already. */
async function claimInstance(
  deps: StartDeps,
  request: HttpRequest,
  key: string | null,
  copy: CopyRequest,
  now: Date,
): Promise<
  { ok: true; instanceId: string; isNew: boolean } | { ok: false; answer: HttpResponseInit }
> {
  const instanceId = deps.newInstanceId(now);
  if (key === null) return { ok: true, instanceId, isNew: true };
  // Without App Service authentication in front anybody can write this header.
  const principal = deps.trustsPrincipals ? request.headers.get("x-ms-client-principal-id") : null;
  const caller = principal ?? "";
  const fingerprint = fingerprintOf(copy);
  const claim = await deps.ledger.claim({ caller, key }, { instanceId, fingerprint });
  if (claim.fingerprint === fingerprint) {
    return { ok: true, instanceId: claim.instanceId, isNew: claim.instanceId === instanceId };
  }
  const detail = "This Idempotency-Key began another copy; use a new key for another request";
  return { ok: false, answer: problem("idempotency-key-reused", detail) };
}

/**
 * Tells requests apart without their secrets: a repeated request may carry a fresh SAS. Only options
 * that are on count, by name, so that a later release with more of them gives the same fingerprint.
 * `overwrite` was there first and always counts.
 */
function fingerprintOf({ source, destination, options }: CopyRequest): string {
  const off: Record<string, unknown> = optionsOff;
  const on = Object.entries(options).filter(
    ([name, value]) => value !== null && (name === "overwrite" || value !== off[name]),
  );
  const parts = [endpointUrl(source), endpointUrl(destination), sorted(Object.fromEntries(on))];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, inner]) => [name, sorted(inner)]);
}

function copyInput(
  { seal: { seal } }: StartDeps,
  request: CopyRequest,
  instanceId: string,
  now: Date,
): CopyInput {
  const { source, destination, sourceSas, destinationSas, options } = request;
  return {
    version: 1,
    source,
    destination,
    sourceSas: sourceSas && seal && seal(sourceSas, { instanceId, field: "sourceSas" }),
    destinationSas:
      destinationSas && seal && seal(destinationSas, { instanceId, field: "destinationSas" }),
    options,
    createdAt: now.toISOString(),
  };
}

/** The extension refuses an id that runs already; then another call of the same key was faster. */
async function startOrchestration(
  client: DurableClient,
  instanceId: string,
  input: CopyInput,
): Promise<"started" | "existed" | "unknown"> {
  try {
    await client.startNew(orchestrations.copy, { instanceId, input });
    return "started";
  } catch {
    // The SDK's text quotes the extension's answer; what counts is whether the copy runs.
    const run = await ownRun(client, instanceId).catch(() => null);
    return run === null ? "unknown" : "existed";
  }
}

/** draft-ietf-httpapi-idempotency-key-header: a string of the caller's; a UUID does well. */
function idempotencyKey(request: HttpRequest): {
  value: string | null;
  problems: { pointer: string; message: string }[];
} {
  const value = request.headers.get("idempotency-key");
  if (value === null || /^[\x21-\x7e]{1,255}$/.test(value)) return { value, problems: [] };
  const message = "Idempotency-Key must be 1 to 255 printable ASCII characters without spaces";
  return { value: null, problems: [{ pointer: "", message }] };
}
