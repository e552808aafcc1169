import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { ClientRequest } from "node:http";
import type { StorageRequest } from "../../../src/local/storage/http/storage-request.ts";
import type { Phase } from "./chaos-plan.ts";

/** One execution of an activity. */
export type Step = { instanceId: string; phase: Phase };

/**
 * Marks each request with the execution of the activity that sends it. The app does not notice, and the signature
 * includes only Storage's headers.
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

/** Returns the execution that sent the request; null if no activity did. */
export function stepOf({ headers }: StorageRequest): Step | null {
  const text = headers[stepHeader];
  return text === undefined ? null : JSON.parse(text);
}
