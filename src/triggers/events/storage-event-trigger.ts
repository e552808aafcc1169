import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import type { InstanceId } from "../../copy/contract/ids.ts";
import type { SourceState } from "../../copy/contract/properties.ts";
import { minute, second } from "../../copy/durations.ts";
import { toIso } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import { isEventTime } from "../../copy/decisions/event-time.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import { eventOwner } from "../../copy/contract/activities.ts";
import type { WakeData } from "../../copy/contract/activities.ts";
import type { Origins } from "../../copy/location/parse-endpoint.ts";
import { isRouted, buildRoutedRequest } from "../../copy/routing/routes.ts";
import type { Route } from "../../copy/routing/routes.ts";
import { describeBlob, parseStorageEvent } from "../../copy/routing/storage-event.ts";
import type { BlobCreated, UnusableEvent } from "../../copy/routing/storage-event.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { events, repairInstanceId } from "../../names.ts";
import type { Seal } from "../../secrets/seal.ts";
import { withDeadline } from "../../instances/deadline.ts";
import { readOwnInstance, readRepairInstance } from "../../instances/find-instance.ts";
import { raiseEvent } from "../../instances/raise-event.ts";
import { createCopyInput, findEarlier, startInstance } from "../../instances/start-instance.ts";
import { currentTraceId, emit } from "../../telemetry/scope.ts";
import { createBoundedCounts, createBoundedSet } from "./bounded-set.ts";
import type { BoundedCounts } from "./bounded-set.ts";
import { readDelivery } from "./delivery.ts";
import { createRateLimit } from "./rate-limit.ts";
import type { RateLimit } from "./rate-limit.ts";

export type EventDependencies = {
  routes: readonly Route[];
  origins: Origins;
  ledger: Ledger;
  seal: Seal;
  /** Reads the current state of a routed blob with the app's identity. */
  lookUpSource(blob: BlobCreated["blob"]): Promise<SourceState>;
  /** Whether copies send a completion notification. */
  notifies: boolean;
  /** Sends a notification of an event that cannot be used; resolves to the reasons why a target has not accepted it. */
  report(event: UnusableEvent): Promise<string[]>;
  now(): EpochMs;
  newInstanceId(now: EpochMs): InstanceId;
};

/** The handler of a function with an Event Grid trigger, or with a trigger of the queue that has these events. */
export type EventHandler = (
  event: unknown,
  client: DurableClient,
  context: InvocationContext,
) => Promise<void>;

/** Does the work of a reaction unless this process has already completed it. */
type Once = (reaction: string, work: () => Promise<void>) => Promise<void>;

/** State of this process: completed reactions, outdated events of each blob, and reports in the last minute. */
type Done = { once: Once; outdated: BoundedCounts; reports: RateLimit };

/** A delivery that takes longer fails; then Event Grid sends it again, or its message becomes visible again. */
const deadlineMs = 9 * second;

/** Reactions that this process has completed. The ledger gives the same result, but needs calls to Storage. */
const maxCompleted = 10_000;

/** How many events with an outdated ETag become copies, which are then skipped, for each blob and process. */
const maxOutdated = 10;

/**
 * The maximum number of unusable events that this process reports in a minute. The sender of an event chooses the text
 * of the report, and every notification target receives it. Further events are only logged.
 */
const maxReportsPerMinute = 10;

/**
 * Creates the handler of BlobCreated events. It wakes the copy that created the blob, and starts a copy for each
 * route that the blob matches. It throws if a retry can help, so that the event is delivered again. An event that can never
 * cause its copy is logged and, up to a limit, reported.
 */
export function storageEvent(deps: EventDependencies): EventHandler {
  const completed = createBoundedSet(maxCompleted);
  const outdated = createBoundedCounts(maxCompleted);
  const once: Once = async (reaction, work) => {
    if (completed.has(reaction)) return;
    await work();
    completed.add(reaction);
  };
  const reports = createRateLimit(maxReportsPerMinute, minute);
  const done: Done = { once, outdated, reports };
  const react: EventHandler = async (event, client, context) => {
    const read = parseStorageEvent(event, deps.origins);
    if (read.kind === "other") return;
    if (read.kind === "unreadable") {
      const { subject, problem } = read;
      return await reportUnusable(deps, context, unreadableEvent(subject, problem), done);
    }
    const { created } = read;
    if (read.kind === "unusable") {
      const routes = deps.routes.filter((route) => isRouted(route, created.blob));
      const problem = `its URL ${read.problem}`;
      if (routes.length === 0) {
        context.error(
          `Cannot use the event of ${describeBlob(created.blob)} because ${problem}; no route matches it`,
        );
        return emitUnusable(context, null);
      }
      for (const { name } of routes) {
        await reportUnusable(deps, context, unusableEvent(created, name, problem), done);
      }
      return;
    }
    const state = `${created.etag} ${endpointUrl(created.blob)}`;
    if (created.byCopy) await once(`wake ${state}`, () => wakeCopy(deps, client, created));
    for (const route of deps.routes) {
      if (!isRouted(route, created.blob)) continue;
      // The key includes the event's time, so that an event with a forged time does not block the genuine one.
      await once(`route ${route.name} ${state} ${created.at}`, () =>
        startRoutedCopy(deps, client, context, { route, created, done }),
      );
    }
  };
  return async (event, client, context) => {
    try {
      await withDeadline(react(event, client, context), deadlineMs);
    } catch (error) {
      const traceId = currentTraceId();
      emit("ferry.event.failed", { traceId, ...readDelivery(context) });
      throw error;
    }
  };
}

/**
 * Wakes the copy that holds the blob's lock, so no search is needed. There is one wake for each state of the blob, and
 * a limit for each copy, because every wake lengthens a history. A wake only causes a poll.
 */
async function wakeCopy(
  { ledger, now }: EventDependencies,
  client: DurableClient,
  { blob, etag }: BlobCreated,
): Promise<void> {
  const id = await ledger.instanceToWake(blob, etag, now());
  if (id === null) return;
  // The copy compares the ETag with the one that its poll finds: a trigger opens no SAS.
  const data: WakeData = { etag };
  const own = await readOwnInstance(client, id);
  if (own?.execution.kind === "running") return await raiseEvent(client, id, events.wake, data);
  const repair = await readRepairInstance(client, id);
  if (repair?.execution.kind === "running") {
    await raiseEvent(client, repairInstanceId(id), events.wake, data);
  }
}

/**
 * Starts one copy for each route, blob and ETag, however often and late the event is delivered: claims outlive
 * histories. The copy is pinned to the ETag, so a stale event copies nothing.
 */
async function startRoutedCopy(
  deps: EventDependencies,
  client: DurableClient,
  context: InvocationContext,
  { route, created, done }: { route: Route; created: BlobCreated; done: Done },
): Promise<void> {
  const { lookUpSource, ledger, seal, origins, notifies, newInstanceId, now } = deps;
  const { blob, etag, at } = created;
  const source = endpointUrl(blob);
  const { container, path } = blob;
  const routed = buildRoutedRequest(route, { source: blob, container, path, at }, origins);
  if (!routed.ok) {
    const reasons = routed.problems.map(({ pointer, message }) => `${pointer} ${message}`);
    const event = unusableEvent(created, route.name, reasons.join(", "));
    return await reportUnusable(deps, context, event, done);
  }
  // Read before the claim is made, so that events of nonexistent blobs, or with forged ETags, leave little behind.
  const state = await lookUpSource(blob);
  if (state.kind === "absent") {
    return context.warn(
      `Cannot copy ${source} for route "${route.name}" because it does not exist`,
    );
  }
  const isOutdated = state.kind === "exists" && state.etag !== etag;
  if (isOutdated && done.outdated.add(`${route.name} ${source}`) > maxOutdated) {
    const reason = `the event's ETag ${etag} does not match the blob's, as in ${maxOutdated} earlier events`;
    return context.warn(`Cannot copy ${source} for route "${route.name}" because ${reason}`);
  }
  if (state.kind === "exists" && !isOutdated && !isEventTime(at, state.lastModified)) {
    const reason = `the event's time ${toIso(at)} does not match the blob's, ${toIso(state.lastModified)}`;
    return context.warn(`Cannot copy ${source} for route "${route.name}" because ${reason}`);
  }
  const fresh = newInstanceId(now());
  const claimKey = { caller: `route ${route.name}`, key: `${etag} ${source}` };
  const claim = await ledger.claim(claimKey, { instanceId: fresh, fingerprint: "" });
  const { instanceId, name } = claim;
  const isNew = instanceId === fresh;
  if (!isNew) {
    if ((await ledger.records.read(instanceId))?.outcome != null) return;
    if ((await findEarlier(client, ledger, instanceId)) !== null) return;
  }
  const input = {
    ...createCopyInput(seal, routed.request, { instanceId, notifies }),
    event: { route: route.name, etag, at: toIso(at) },
    claim: name,
    owner: eventOwner,
  };
  const started = await startInstance(client, instanceId, input);
  if (started.kind === "unknown") {
    throw new Error(`Cannot start copy ${instanceId} because Durable did not respond`);
  }
  if (started.kind === "started") {
    context.log(`Copy ${instanceId} copies ${source} for route "${route.name}"`);
  }
}

/**
 * Logs and reports the event once. Throws if a target has not accepted the report, so that it is sent again. Beyond the
 * limit it only logs: if it threw, Event Grid would delay all events because of the unusable ones.
 */
async function reportUnusable(
  { report, now }: EventDependencies,
  context: InvocationContext,
  event: UnusableEvent,
  { once, reports }: Done,
): Promise<void> {
  const { blob, route, problem } = event;
  await once(`report ${JSON.stringify(event)}`, async () => {
    context.error(
      route === null
        ? `Cannot use an event about ${blob ?? "an unknown blob"} because it ${problem}`
        : `Cannot copy ${blob} for route "${route}" because ${problem}`,
    );
    emitUnusable(context, route);
    if (!reports.allow(now())) {
      return context.warn(
        `Cannot report this event because ${maxReportsPerMinute} others were reported in the last minute`,
      );
    }
    const reasons = await report(event);
    if (reasons.length > 0) {
      throw new Error(`Cannot report an event that cannot be used: ${reasons.join(", ")}`);
    }
  });
}

function emitUnusable(context: InvocationContext, route: string | null): void {
  const { trigger } = readDelivery(context);
  emit("ferry.event.unusable", { traceId: currentTraceId(), trigger, route });
}

function unusableEvent({ blob, etag, at }: BlobCreated, route: string, problem: string) {
  return { blob: describeBlob(blob), route, etag, at: toIso(at), problem };
}

function unreadableEvent(subject: string | null, problem: string): UnusableEvent {
  return { blob: subject, route: null, etag: null, at: null, problem };
}
