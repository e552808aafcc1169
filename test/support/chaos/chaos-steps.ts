import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { ClientRequest } from "node:http";
import type { StorageRequest } from "../../../src/local/storage/http/storage-request.ts";
import type { Phase } from "./chaos-plan.ts";

/** A run of an activity. */
export type Step = { instanceId: string; phase: Phase };

/**
 * Requests tell which run of an activity sends them: the app knows nothing of it, and Storage signs
 * only headers of its own.
 */
export function signing() {
  const steps = new AsyncLocalStorage<Step>();
  const sign = (message: unknown) => {
    const step = steps.getStore();
    if (step === undefined) return;
    if (typeof message !== "object" || message === null || !("request" in message)) return;
    const { request } = message;
    if (request instanceof ClientRequest) request.setHeader(stepHeader, JSON.stringify(step));
  };
  subscribe(createdChannel, sign);
  return {
    run: <T>(step: Step, run: () => Promise<T>) => steps.run(step, run),
    close: () => unsubscribe(createdChannel, sign),
  };
}

const createdChannel = "http.client.request.created";
const stepHeader = "chaos-step";

/** Null for what no activity sends. */
export function stepOf({ headers }: StorageRequest): Step | null {
  const text = headers[stepHeader];
  return text === undefined ? null : JSON.parse(text);
}
