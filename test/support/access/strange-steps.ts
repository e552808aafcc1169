import { expect } from "vitest";
import { failure } from "../../../src/copy/contract/failure.ts";
import { toCopyId } from "../../../src/copy/contract/ids.ts";
import { startStorage, uploadBlob } from "../stack/emulator.ts";
import { createCopyInput, createSteps } from "../stack/steps.ts";

/** Prepares a copy, and an input that has the fields of every activity. */
export async function startStrangeSteps(options: object = {}) {
  const storage = await startStorage();
  const steps = createSteps(storage);
  const source = await uploadBlob(storage.service, "film");
  const containers = ["archive", "private"];
  for (const name of containers) await storage.service.createContainer(name);
  const blob = (path: string) => {
    const [container = "", ...rest] = path.split("/");
    return storage.service.getContainerClient(container).getBlockBlobClient(rest.join("/"));
  };
  const request = { source: source.url, destination: blob("archive/copy.mp4").url, options };
  const { instanceId, copy } = createCopyInput(storage, request);
  const plan = { source: { etag: '"1"', length: 4 }, destinationEtag: null };
  const step = { instanceId, copy, plan, copyId, result, record, kept: null, isLastAttempt: false };
  const all = { ...step, attempt: 1, outcome, targets: null };
  const run = (input: unknown) => runAll(steps, input);
  /** Another client copies the source onto the destination. */
  const copyOver = async () => {
    await storage.clock.advance(60_000);
    const destination = blob("archive/copy.mp4");
    await destination.beginCopyFromURL(source.url);
    await storage.clock.advance(60_000);
    const { etag = "", copyId: id = "", copyStatus } = await destination.getProperties();
    expect(copyStatus).toBe("success");
    return { etag, copyId: toCopyId(id), destination };
  };
  return { storage, steps, source, blob, instanceId, copy, plan, step, all, run, copyOver };
}

export const copyId = toCopyId("5e1a9a36-22dc-4cbb-a3b2-1e4e3bd4a9f1");
export const record = { abortRequested: false, startedAt: null, statusReads: 0 };
export const reason = failure("internal", "It failed");
export const result = { kind: "not-started", failure: reason } as const;
export const outcome = {
  status: "failed",
  failure: reason,
  copyId: null,
  copyStatus: null,
  progress: null,
  ...record,
  completedAt: "2026-11-20T12:00:00.000Z",
  settledAt: "2026-11-20T12:00:00.000Z",
  residue: [],
};

/** Runs every activity with the input, which has the fields of all of them. */
async function runAll(steps: ReturnType<typeof createSteps>, json: unknown) {
  const input = json as never; // a stranger can send any JSON
  return {
    start: await steps.startCopy(input),
    read: await steps.readCopy(input),
    abort: await steps.abortCopy(input),
    settle: await steps.settleCopy(input),
    notify: await steps.sendNotifications(input),
  };
}

export const failed = { kind: "failed", failure: { cause: "not-allowed" } };
export const unobservable = { kind: "unobservable", failure: { cause: "not-allowed" } };
export const allRefused = {
  start: failed,
  read: unobservable,
  abort: unobservable,
  settle: { kind: "settled", outcome: { status: "failed", failure: { cause: "not-allowed" } } },
  notify: { kind: "notified" },
};
