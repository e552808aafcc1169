import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { isInstanceId } from "../../copy/contract/ids.ts";
import type { InstanceId } from "../../copy/contract/ids.ts";
import type { EpochMs } from "../../copy/time.ts";
import { copyResponse } from "../../http/copy-response.ts";
import { copyView, recordedView } from "../../instances/copy-view.ts";
import type { CopyView } from "../../instances/copy-view.ts";
import { problem } from "../../http/problem.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { CopyRecord } from "../../ledger/record.ts";
import { findInstance } from "../../instances/find-instance.ts";
import type { FoundInstance } from "../../instances/find-instance.ts";
import { copiesPath } from "./method-router.ts";
import type { HttpHandler } from "./http-handler.ts";
import { mayUse, mayUseRecord } from "./principals.ts";
import type { PrincipalSettings } from "./principals.ts";

/** GET /copies/{id}: the latest status of the copy. */
export function getCopy(deps: CopyDependencies): HttpHandler {
  return async (request, client) => {
    const view = await findView(deps, request, client);
    if (view === null) return copyNotFound();
    return copyResponse(200, view, { url: request.url, now: deps.now() });
  };
}

/** Finds the copy in the path as callers see it; null as for `findCopy`. */
export async function findView(
  deps: CopyDependencies,
  request: HttpRequest,
  client: DurableClient,
): Promise<CopyView | null> {
  const instance = await findCopy(deps, request, client);
  if (instance !== null) return copyView(instance, copiesPath(request));
  const ended = await findRecorded(deps, request);
  return ended === null ? null : ended.view;
}

/**
 * Finds an ended copy of which only the record is left, because its history was purged in Durable; null as for
 * `findCopy`.
 */
export async function findRecorded(
  { ledger, principals }: CopyDependencies,
  request: HttpRequest,
): Promise<{ view: CopyView; record: CopyRecord } | null> {
  const id = parseInstanceId(request);
  const record = id === null ? null : await ledger.records.read(id);
  if (id === null || record === null || !mayUseRecord(request, record, principals)) return null;
  const view = recordedView(id, record, copiesPath(request));
  return view === null ? null : { view, record };
}

export type CopyDependencies = { ledger: Ledger; principals: PrincipalSettings; now(): EpochMs };

/**
 * Finds the copy in the path; null if there is none, or if the caller must not use it: the response must not show that
 * another caller's copy exists.
 */
export async function findCopy(
  { ledger, principals }: CopyDependencies,
  request: HttpRequest,
  client: DurableClient,
): Promise<FoundInstance | null> {
  const id = parseInstanceId(request);
  const instance = id === null ? null : await findInstance(client, ledger, id);
  return instance !== null && mayUse(request, instance.copy, principals) ? instance : null;
}

/** Parses the id in the path; null if it cannot be the id of a copy, and then Durable is not called. */
export function parseInstanceId(request: HttpRequest): InstanceId | null {
  const id = request.params["id"]?.toLowerCase() ?? "";
  return isInstanceId(id) ? id : null;
}

export function copyNotFound(): HttpResponseInit {
  return problem("not-found", "No copy has this id, or it has been purged");
}
