import { expect, test } from "vitest";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";
import { epochMs } from "../../../src/copy/time.ts";

/** A planned copy and its steps. */
async function planned() {
  const storage = await startStorage({ copies: { bytesPerSecond: 10 } });
  const { ledger, ...steps } = createSteps(storage);
  const { emulator, clock, service } = storage;
  const source = await uploadBlob(service, "x".repeat(1_000));
  const destination = service.getContainerClient("source").getBlobClient("copy.mp4");
  const { instanceId, copy } = createCopyInput(storage, {
    source: source.url,
    destination: destination.url,
  });
  const prepared = await steps.prepareCopy({ instanceId, copy });
  if (prepared.kind !== "planned") throw new Error(prepared.kind);
  const { plan } = prepared;
  const settleAborted = () =>
    steps.settleCopy(
      {
        instanceId,
        copy,
        plan,
        copyId: null,
        result: { kind: "aborted-before-start" },
        record: { abortRequested: true, startedAt: null, statusReads: 0 },
        isLastAttempt: false,
      },
      { log: () => {} },
    );
  const { requests } = emulator;
  return { steps, ledger, copy, instanceId, plan, clock, requests, settleAborted };
}

test("a start that arrives after Ferry gave up on it is tracked", async () => {
  const { steps, copy, instanceId, plan, settleAborted } = await planned();
  const again = await steps.startCopy({ instanceId, copy, plan });
  if (again.kind !== "started") throw new Error(again.kind);
  expect(await settleAborted()).toEqual({ kind: "found", started: again.started });
});

test("a start that runs after settling began starts nothing", async () => {
  const { steps, ledger, copy, instanceId, plan, clock, requests } = await planned();
  const settlement = {
    plan,
    copyId: null,
    result: { kind: "aborted-before-start" },
    record: { abortRequested: true, startedAt: null, statusReads: 0 },
  } as const;
  // The state after a settle that died in the middle.
  await ledger.fenceLock(copy.destination, {
    instanceId,
    now: epochMs(clock.now()),
    settlement,
  });
  expect(await steps.startCopy({ instanceId, copy, plan })).toMatchObject({ kind: "failed" });
  expect(requests.filter(({ operation }) => operation === "CopyBlob")).toEqual([]);
});

test("a copy is not settled while its start may be in flight", async () => {
  const { ledger, copy, instanceId, plan, clock, settleAborted } = await planned();
  const now = epochMs(clock.now());
  const until = epochMs(now + 45_000);
  const start = { instanceId, attemptId: "unanswered", now, until, plan };
  expect(await ledger.registerAttempt(copy.destination, start)).toMatchObject({
    kind: "registered",
  });
  expect(await settleAborted()).toEqual({ kind: "wait", until, fence: true });
});

test("a start that runs after the end releases the lock that a late prepare acquired", async () => {
  const { steps, ledger, copy, instanceId, plan, settleAborted } = await planned();
  expect(await settleAborted()).toMatchObject({ kind: "settled" });
  await ledger.acquireLock(instanceId, copy); // the state after the late prepare
  expect(await steps.startCopy({ instanceId, copy, plan })).toMatchObject({ kind: "failed" });
  expect(await ledger.readLock(copy.destination)).toBeNull();
});
