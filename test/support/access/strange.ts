import { expect } from "vitest";
import { epochMs } from "../../../src/copy/time.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import { startStack } from "../stack/test-stack.ts";
import type { TestStack } from "../stack/test-stack.ts";

/** Orchestrations that a client with the task hub's key starts through Durable's own HTTP API, with any input. */

export const json = { "content-type": "application/json" };
export const id = "01a21ba0-496d-7000-8000-000000000001";

export async function startStrange(
  stack: TestStack,
  input: unknown,
  {
    id = newInstanceId(epochMs(stack.clock.now())),
    name = "copyOrchestration",
  }: { id?: string; name?: string } = {},
) {
  const hub = `${stack.local.host.url}/runtime/webhooks/durabletask`;
  const started = await fetch(`${hub}/orchestrators/${name}/${encodeURIComponent(id)}`, {
    method: "POST",
    headers: json,
    body: JSON.stringify(input),
  });
  expect(started.status).toBe(202);
  await stack.clock.advance(60_000);
  // "Get instance status" of Durable's HTTP API.
  const response = await fetch(`${hub}/instances/${encodeURIComponent(id)}?showInput=true`);
  return (await response.json()) as { runtimeStatus: string; output: unknown };
}

/** The input that a request would get, with other endpoints and options. */
export function inputFor(stack: TestStack, changes: object = {}) {
  const endpoint = (container: string, path: string) => ({
    service: "blob",
    origin: stack.local.emulator.blobUrl,
    account: "devstoreaccount1",
    secondary: false,
    emulated: true,
    container,
    path,
  });
  return {
    version: 1,
    source: endpoint("inbox", "film.mp4"),
    destination: endpoint("archive", "film.mp4"),
    sourceSas: null,
    destinationSas: null,
    options: {},
    // That of the id, if the instance is started now.
    createdAt: new Date(stack.clock.now()).toISOString(),
    ...changes,
  };
}

export const place = (path: string) => `http://127.0.0.1:10000/devstoreaccount1/${path}`;

export async function startStrangeStack(copies: { bytesPerSecond?: number } = {}) {
  const allowed = [{ from: place("inbox"), to: place("archive") }];
  const source = place("inbox");
  const routes = [
    { name: "films", source, destination: place("vault/{path}") },
    { name: "dated", source, destination: place("dated/{year}/{path}") },
    {
      name: "fixed",
      source,
      destination: place("fixed/{path}"),
      options: { overwrite: "fail", metadata: { by: "route", at: "noon" } },
    },
  ];
  const settings = { COPY_ALLOWED: JSON.stringify(allowed), COPY_ROUTES: JSON.stringify(routes) };
  const stack = await startStack({ settings, copies });
  await stack.upload("inbox/film.mp4", "film");
  await stack.upload("secret/film.mp4", "secret");
  await stack.container("vault").create();
  await stack.container("fixed").create();
  return stack;
}

export const refused = {
  runtimeStatus: "Completed",
  output: { status: "failed", failure: { cause: "not-allowed" } },
};

export const plan = { source: { etag: "x", length: 1 }, destinationEtag: null };
export const record = { abortRequested: false, startedAt: null, statusReads: 0 };

/** The input that a repair of this copy would get. */
export function repairFor(stack: TestStack, changes: object = {}) {
  const taken = { instanceId: id, plan: null, copyId: null, settlement: null, record };
  return { version: 1, copy: { ...inputFor(stack), notifies: true }, ...taken, ...changes };
}
