import { openStack as openTestStack } from "../../support/stack/test-stack.ts";
import { openStack } from "./stack.ts";
import type { Engine, Stack } from "./stack.ts";
import { appSettings } from "./app-settings.ts";

export type LocalStack = Engine & Stack & { close(): Promise<void> };

/** The app on the local engine, in this process and in virtual time. */
export async function startLocalStack({ events = true } = {}): Promise<LocalStack> {
  const local = await openTestStack({
    environment: appSettings,
    ...(events ? { events: { namespace: "flat", schema: "event-grid" } } : {}),
  });
  const { clock } = local;
  return openStack({
    name: "local" as const,
    emulator: local.local.emulator,
    url: () => local.local.host.url,
    now: () => clock.now(),
    wait: (ms) => clock.advance(ms),
    skipAhead: (ms) => clock.advance(ms),
    close: () => local.close(),
  });
}
