import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { toIso } from "../../copy/time.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import type { Origins } from "../../copy/location/parse-endpoint.ts";
import { isRouted, buildRoutedRequest } from "../../copy/routing/routes.ts";
import type { Route } from "../../copy/routing/routes.ts";
import { parseStorageEvent } from "../../copy/routing/storage-event.ts";
import type { BlobCreated } from "../../copy/routing/storage-event.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { events, repairInstanceId } from "../../names.ts";
import type { Seal } from "../../secrets/seal.ts";
import { ownInstance, repairInstance } from "../../instances/find-instance.ts";
import { startClaimed, createCopyInput } from "../../instances/start-instance.ts";
import { boundedSet } from "./bounded-set.ts";

export type EventDeps = {
  routes: readonly Route[];
  origins: Origins;
  ledger: Ledger;
  seal: Seal;
  announces: boolean;
  now(): Date;
  newInstanceId(now: Date): string;
};

/** A function with an Event Grid trigger. */
export type EventGridHandler = (
  event: unknown,
  client: DurableClient,
  context: InvocationContext,
) => Promise<void>;

/** Deliveries that this process has seen through; the ledger would say the same of them, only later. */
const maxRemembered = 10_000;

/**
 * A new blob: wakes the copy that makes it, and starts a copy along each route that it is on. It throws
 * where trying again helps, so that Event Grid delivers again; what can never be read is only logged.
 */
export function storageEvent(deps: EventDeps): EventGridHandler {
  const done = boundedSet(maxRemembered);
  const once = async (deed: string, work: () => Promise<void>): Promise<void> => {
    if (done.has(deed)) return;
    await work();
    done.add(deed);
  };
  return async (event, client, context) => {
    const read = parseStorageEvent(event, deps.origins);
    if (read.kind === "other") return;
    if (read.kind === "unreadable")
      return context.error(`Cannot use an event as it ${read.problem}`);
    const { created } = read;
    const state = `${created.etag} ${endpointUrl(created.blob)}`;
    if (created.byCopy) await once(`wake ${state}`, () => wakeCopy(deps, client, created));
    for (const route of deps.routes) {
      if (!isRouted(route, created.blob)) continue;
      await once(`route ${route.name} ${state}`, () =>
        follow(deps, client, context, { route, created }),
      );
    }
  };
}

/**
 * The ledger knows who copies onto the blob, so nothing is searched. One wake for each state of the
 * blob, and a few in all: every wake lengthens a history. It is a hint, and never more: the copy reads.
 */
async function wakeCopy(
  { ledger }: EventDeps,
  client: DurableClient,
  { blob, etag }: BlobCreated,
): Promise<void> {
  const id = await ledger.instanceToWake(blob, etag);
  if (id === null) return;
  const own = await ownInstance(client, id);
  if (own?.execution.kind === "running") return await client.raiseEvent(id, events.wake, null);
  const repair = await repairInstance(client, id);
  if (repair?.execution.kind === "running") {
    await client.raiseEvent(repairInstanceId(id), events.wake, null);
  }
}

/**
 * One copy for each route, blob and ETag, however often and late the event comes: claims outlive
 * histories. The copy is pinned to the ETag, so one that was overtaken copies nothing.
 */
async function follow(
  { ledger, seal, origins, announces, newInstanceId, now }: EventDeps,
  client: DurableClient,
  context: InvocationContext,
  { route, created }: { route: Route; created: BlobCreated },
): Promise<void> {
  const { blob, etag, at } = created;
  const source = endpointUrl(blob);
  const { container, path } = blob;
  const routed = buildRoutedRequest(route, { source, container, path, at }, origins);
  if (!routed.ok) {
    const reasons = routed.problems.map(({ pointer, message }) => `${pointer} ${message}`);
    return context.error(`Cannot copy ${source} along "${route.name}": ${reasons.join(", ")}`);
  }
  const time = now();
  const fresh = newInstanceId(time);
  const asked = { caller: `route ${route.name}`, key: `${etag} ${source}` };
  const { instanceId } = await ledger.claim(asked, { instanceId: fresh, fingerprint: "" });
  const isNew = instanceId === fresh;
  if (!isNew && (await ledger.outcome(instanceId)) !== null) return;
  const input = {
    ...createCopyInput(seal, routed.request, { instanceId, now: time, announces }),
    event: { route: route.name, etag, at: toIso(at) },
  };
  const begun = await startClaimed(client, ledger, { instanceId, isNew, input });
  if (begun.kind === "unknown") {
    throw new Error(`Cannot tell whether the orchestration of copy ${instanceId} was started`);
  }
  if (begun.kind === "started") {
    context.log(`Copy ${instanceId} follows ${source} along "${route.name}"`);
  }
}
