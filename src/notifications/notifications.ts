import { createHmac } from "node:crypto";
import type { Outcome } from "../copy/contract/outcome.ts";
import type { CopyInput } from "../copy/contract/activities.ts";
import { copyView } from "../instances/copy-view.ts";

/** Tells others how copies ended. */
export type Notifications = {
  /** Names of all that are to be told. */
  targets: readonly string[];
  /** Sends one notice; `ok` once it was taken. Never throws, and tells nothing of URLs or keys. */
  send(target: string, ended: CompletedCopy): Promise<SendResult>;
};

export type CompletedCopy = { instanceId: string; copy: CopyInput; outcome: Outcome };

export type SendResult =
  | { ok: true }
  | { ok: false; reason: string; retryAfterSeconds: number | null };

/** Where notices go, from settings and never from a caller. */
export type NotificationTarget =
  /** An Event Grid topic for cloud events; `key` null: the app's identity. */
  | { kind: "topic"; url: string; key: string | null }
  /** Signed with HMAC-SHA256 by this key. */
  | { kind: "webhook"; url: string; key: Buffer };

export type NotificationDependencies = {
  targets: readonly NotificationTarget[];
  /** The app, as cloud events name their source. */
  source: string;
  /** A token of the app's identity for Event Grid. */
  token(): Promise<string>;
  /** Epoch ms. */
  now(): number;
};

/** A notice that is not taken within this time is tried again; ms. */
const responseTimeoutMs = 10_000;

export function createNotifications(deps: NotificationDependencies): Notifications {
  return {
    targets: deps.targets.map(({ kind }) => kind),
    async send(name, ended) {
      const target = deps.targets.find(({ kind }) => kind === name);
      if (target === undefined) return { ok: true }; // no longer in the settings: nobody wants to know
      try {
        return await post(target, notificationEvent(ended, deps.source), deps);
      } catch (error) {
        // Its text may quote the URL, which may hold a key.
        const reason = error instanceof Error ? error.name : "no answer";
        return { ok: false, reason, retryAfterSeconds: null };
      }
    },
  };
}

/** A cloud event (CloudEvents 1.0). The same end always has the same id, so that it counts once. */
export function notificationEvent({ instanceId, copy, outcome }: CompletedCopy, source: string) {
  const ending = { kind: "ended", outcome } as const;
  return {
    specversion: "1.0",
    id: `${instanceId}-ended`,
    source,
    type: types[outcome.status],
    subject: `copies/${instanceId}`,
    time: outcome.settledAt,
    datacontenttype: "application/json",
    data: copyView({ id: instanceId, copy, customStatus: null, execution: ending }, "/api/copies"),
  };
}

const types = {
  succeeded: "Ferry.CopySucceeded",
  skipped: "Ferry.CopySkipped",
  failed: "Ferry.CopyFailed",
  aborted: "Ferry.CopyAborted",
} as const satisfies Record<Outcome["status"], string>;

async function post(
  target: NotificationTarget,
  notice: ReturnType<typeof notificationEvent>,
  deps: NotificationDependencies,
): Promise<SendResult> {
  const body = JSON.stringify(notice);
  const answer = await fetch(target.url, {
    method: "POST",
    headers: {
      "content-type": "application/cloudevents+json; charset=utf-8",
      ...(target.kind === "webhook"
        ? signature(target.key, { id: notice.id, at: deps.now(), body })
        : await authorization(target.key, deps)),
    },
    body,
    redirect: "manual", // where it leads to is nobody's that settings name
    signal: AbortSignal.timeout(responseTimeoutMs),
  });
  await answer.body?.cancel();
  if (answer.ok) return { ok: true };
  const seconds = Number(answer.headers.get("retry-after") ?? Number.NaN);
  return {
    ok: false,
    reason: `status ${answer.status}`,
    retryAfterSeconds: Number.isNaN(seconds) ? null : seconds,
  };
}

/** "Authenticate publishing clients using access keys", or Microsoft Entra ID. */
async function authorization(
  key: string | null,
  { token }: NotificationDependencies,
): Promise<Record<string, string>> {
  return key === null ? { authorization: `Bearer ${await token()}` } : { "aeg-sas-key": key };
}

/** As the Standard Webhooks specification signs, so that its libraries check it. `at` is epoch ms. */
export function signature(
  key: Buffer,
  { id, at, body }: { id: string; at: number; body: string },
): Record<string, string> {
  const timestamp = String(Math.floor(at / 1_000));
  const signed = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signed}`,
  };
}
