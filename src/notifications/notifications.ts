import { createHash, createHmac } from "node:crypto";
import type { InstanceId } from "../copy/contract/ids.ts";
import type { UnusableEvent } from "../copy/routing/storage-event.ts";
import { toIso } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { second } from "../copy/durations.ts";
import type { Outcome } from "../copy/contract/outcome.ts";
import type { CopyInput } from "../copy/contract/activities.ts";
import { copyView } from "../instances/copy-view.ts";
import { currentTraceparent } from "../telemetry/scope.ts";

/** Sends completion notifications. */
export type Notifications = {
  /** The names of all targets. */
  targets: readonly string[];
  /** Sends one notification; `ok` when the target accepted it. Never throws; a reason contains no URL or key. */
  send(target: string, completed: CompletedCopy): Promise<SendResult>;
  /**
   * Reports an event that cannot cause its copy to every target. Resolves to one reason for each target that has not
   * accepted it. Never throws; a reason contains no URL or key.
   */
  report(event: UnusableEvent): Promise<string[]>;
};

export type CompletedCopy = { instanceId: InstanceId; copy: CopyInput; outcome: Outcome };

export type SendResult =
  | { ok: true }
  | { ok: false; reason: string; retryAfterSeconds: number | null };

/** Where notifications go. Targets come from settings, never from a caller. */
export type NotificationTarget =
  /** An Event Grid topic for cloud events; with `key` null, the app's identity is used. */
  | { kind: "topic"; url: string; key: string | null }
  /** Requests are signed with HMAC-SHA256 and this key. */
  | { kind: "webhook"; url: string; key: Buffer };

export type NotificationDependencies = {
  targets: readonly NotificationTarget[];
  /** The app, as `source` of its cloud events. */
  source: string;
  /** Returns a token of the app's identity for Event Grid. */
  token(): Promise<string>;
  /** Epoch ms. */
  now(): EpochMs;
};

/** A notification without a response within this time counts as failed and is sent again. */
const responseTimeoutMs = 10 * second;

/** Creates the sender of notifications for the configured targets. */
export function createNotifications(deps: NotificationDependencies): Notifications {
  return {
    targets: deps.targets.map(({ kind }) => kind),
    async send(name, completed) {
      const target = deps.targets.find(({ kind }) => kind === name);
      if (target === undefined) return { ok: true }; // removed from the settings since
      return await trySend(target, buildNotificationEvent(completed, deps.source), deps);
    },
    async report(unusable) {
      const event = buildReport(unusable, deps);
      const results = await Promise.all(
        deps.targets.map(async (target) => ({ target, sent: await trySend(target, event, deps) })),
      );
      return results.flatMap(({ target, sent }) =>
        sent.ok ? [] : [`${target.kind}: ${sent.reason}`],
      );
    },
  };
}

async function trySend(
  target: NotificationTarget,
  event: CloudEvent,
  deps: NotificationDependencies,
): Promise<SendResult> {
  try {
    return await post(target, event, deps);
  } catch (error) {
    // The error's text may quote the URL, which may contain a key.
    const reason = error instanceof Error ? error.name : "no response";
    return { ok: false, reason, retryAfterSeconds: null };
  }
}

/** CloudEvents 1.0; `data` is JSON. `traceparent` belongs to the extension "Distributed Tracing". */
type CloudEvent = {
  specversion: "1.0";
  id: string;
  source: string;
  type: string;
  subject: string;
  time: string;
  traceparent?: string;
  datacontenttype: "application/json";
  data: object;
};

/** Builds the cloud event for an unusable event. Each delivery of that event results in the same id. */
function buildReport(
  unusable: UnusableEvent,
  { source, now }: NotificationDependencies,
): CloudEvent {
  const { blob, route, etag, at, problem } = unusable;
  const hash = createHash("sha256").update(JSON.stringify(unusable)).digest("hex");
  return {
    specversion: "1.0",
    id: `${hash}-unusable`,
    source,
    type: "Ferry.EventUnusable",
    subject: route === null ? "events" : `routes/${route}`,
    time: at ?? toIso(now()),
    datacontenttype: "application/json",
    data: { blob, route, etag, problem },
  };
}

/**
 * Builds the cloud event (CloudEvents 1.0) of a completed copy. Its id is the same for every delivery, so
 * that receivers can discard duplicates.
 */
function buildNotificationEvent(
  { instanceId, copy, outcome }: CompletedCopy,
  source: string,
): CloudEvent {
  const execution = { kind: "ended", outcome } as const;
  return {
    specversion: "1.0",
    id: `${instanceId}-ended`,
    source,
    type: eventTypes[outcome.status],
    subject: `copies/${instanceId}`,
    time: outcome.settledAt,
    ...(copy.trace === undefined ? {} : { traceparent: copy.trace }),
    datacontenttype: "application/json",
    data: copyView({ id: instanceId, copy, customStatus: null, execution }, "/api/copies"),
  };
}

const eventTypes = {
  succeeded: "Ferry.CopySucceeded",
  skipped: "Ferry.CopySkipped",
  failed: "Ferry.CopyFailed",
  aborted: "Ferry.CopyAborted",
} as const satisfies Record<Outcome["status"], string>;

async function post(
  target: NotificationTarget,
  event: CloudEvent,
  deps: NotificationDependencies,
): Promise<SendResult> {
  const body = JSON.stringify(event);
  const response = await fetch(target.url, {
    method: "POST",
    headers: {
      "content-type": "application/cloudevents+json; charset=utf-8",
      ...traceHeader(event),
      ...(target.kind === "webhook"
        ? webhookHeaders(target.key, { id: event.id, at: deps.now(), body })
        : await topicHeaders(target.key, deps)),
    },
    body,
    redirect: "manual", // never follow: the new target is not configured
    signal: AbortSignal.timeout(responseTimeoutMs),
  });
  await response.body?.cancel();
  if (response.ok) return { ok: true };
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return {
    ok: false,
    reason: `status ${response.status}`,
    retryAfterSeconds: Number.isNaN(seconds) ? null : seconds,
  };
}

/** The sending span. The event itself contains the copy's traceparent, so that it is the same in each delivery. */
function traceHeader({ traceparent: stored }: CloudEvent): Record<string, string> {
  const traceparent = currentTraceparent() ?? stored;
  return traceparent === undefined ? {} : { traceparent };
}

/** "Authenticate publishing clients using access keys", or Microsoft Entra ID. */
async function topicHeaders(
  key: string | null,
  { token }: NotificationDependencies,
): Promise<Record<string, string>> {
  return key === null ? { authorization: `Bearer ${await token()}` } : { "aeg-sas-key": key };
}

/** The signature headers of the Standard Webhooks specification. `at` is epoch ms. */
function webhookHeaders(
  key: Buffer,
  { id, at, body }: { id: string; at: EpochMs; body: string },
): Record<string, string> {
  const timestamp = String(Math.floor(at / second));
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
}
