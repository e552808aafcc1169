import { nonEmpty } from "./environment.ts";
import type { Environment } from "./environment.ts";
import type { NotificationTarget } from "../notifications/notifications.ts";

/** Reads where notifications go: `COPY_NOTICE_TOPIC`, `COPY_NOTICE_WEBHOOK` and their keys. Adds to `problems`. */
export function parseNotificationTargets(
  environment: Environment,
  isLocal: boolean,
  problems: string[],
): NotificationTarget[] {
  const targets: NotificationTarget[] = [];
  const topic = nonEmpty(environment["COPY_NOTICE_TOPIC"]);
  if (topic !== null) {
    requireUrl("COPY_NOTICE_TOPIC", topic, { isLocal, problems });
    const key = nonEmpty(environment["COPY_NOTICE_TOPIC_KEY"]);
    // fetch rejects a header with any other character, with an error that quotes it.
    if (key !== null && !/^[\x21-\x7e]+$/.test(key)) {
      problems.push("COPY_NOTICE_TOPIC_KEY must be printable ASCII without spaces");
    }
    targets.push({ kind: "topic", url: topic, key });
  }
  const webhook = nonEmpty(environment["COPY_NOTICE_WEBHOOK"]);
  if (webhook !== null) {
    requireUrl("COPY_NOTICE_WEBHOOK", webhook, { isLocal, problems });
    const key = parseWebhookKey(nonEmpty(environment["COPY_NOTICE_SECRET"]), problems);
    targets.push({ kind: "webhook", url: webhook, key });
  }
  return targets;
}

/** The problem does not quote the URL, because it may contain a key. */
function requireUrl(
  name: string,
  url: string,
  { isLocal, problems }: { isLocal: boolean; problems: string[] },
): void {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const isLoopback = isLocal && /^(localhost|127\.0\.0\.1)$/.test(parsed?.hostname ?? "");
  // fetch rejects user information, with an error that quotes it.
  const hasUser = `${parsed?.username ?? ""}${parsed?.password ?? ""}` !== "";
  if (hasUser) problems.push(`${name} must be a URL without user information`);
  if (parsed?.protocol === "https:" || (parsed?.protocol === "http:" && isLoopback)) return;
  problems.push(`${name} must be an https URL`);
}

/** Reads 24 to 64 bytes in base64, with or without the prefix "whsec_" (Standard Webhooks specification). */
function parseWebhookKey(text: string | null, problems: string[]): Buffer {
  const key = Buffer.from((text ?? "").replace(/^whsec_/, ""), "base64");
  if (key.length < 24 || key.length > 64) {
    problems.push(
      "COPY_NOTICE_SECRET must be 24 to 64 bytes as base64, because it signs the requests to COPY_NOTICE_WEBHOOK (create one with: openssl rand -base64 32)",
    );
  }
  return key;
}
