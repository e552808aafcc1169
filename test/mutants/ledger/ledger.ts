import type { Mutant } from "../mutant.ts";

const startAgain = "test/contract/activities/start-again.test.ts";
const settleAgain = "test/contract/activities/settle-again.test.ts";
const planAgain = "test/contract/activities/plan-again.test.ts";
const findInstance = "test/contract/instances/find-instance.test.ts";
const retention = "test/contract/triggers/retention.test.ts";
const queue = "test/contract/ledger/queue.test.ts";
const queueEnds = "test/e2e/copies/queue-ends.test.ts";
const exactlyOnce = "test/e2e/recovery/exactly-once.test.ts";
const budget = "test/e2e/copies/request-budget.test.ts";
const chaos = "test/chaos/chaos.test.ts";
const record = "src/ledger/record.ts";
const records = "src/ledger/records.ts";
const locks = "src/ledger/destinations/locks.ts";
const resume = "src/activities/starting/resume.ts";
const settle = "src/activities/settle.ts";

/** Mistakes in the ledger, and in the decisions that activities base on it. */
export const ledgerMutants: readonly Mutant[] = [
  {
    breaks: "a record is replaced although it has changed",
    file: "src/ledger/conditional-blobs.ts",
    find: "write(name, content, { ifMatch: etag }, metadata)",
    replace: 'write(name, content, { ifMatch: etag === "" ? etag : "*" }, metadata)',
    suites: [startAgain, settleAgain],
  },
  {
    breaks: "a second record is written over the first",
    file: records,
    find: "? await blobs.create(name, content, summary(record))",
    replace: '? await blobs.replace(name, content, "*", summary(record))',
    suites: [startAgain],
  },
  {
    breaks: "a start is registered although the copy is being settled",
    file: resume,
    find: "if (record.settlement !== null) {",
    replace: "if (record.settlement !== null && record.source === null) {",
    suites: [settleAgain],
  },
  {
    breaks: "a copy that is cleaned up is not marked",
    file: settle,
    find: "{ ...record, settlement }, record.etag",
    replace: "record, record.etag",
    suites: [settleAgain],
  },
  {
    breaks: "a start is sent while another one may still arrive",
    file: resume,
    find: "if (mayArrive || found !== null) {",
    replace: "if ((mayArrive && plans.length > 9) || found !== null) {",
    suites: [startAgain],
  },
  {
    breaks: "a start is sent before Ferry looks for the copy of an unanswered one",
    file: resume,
    find: "if (plans.length > 0) {",
    replace: "if (plans.length > 9) {",
    suites: [startAgain],
  },
  {
    breaks: "a second run of an attempt starts a copy",
    file: resume,
    find: "if (!isAgain) return null;",
    replace: "if (!isAgain || attempt > 0) return null;",
    suites: [startAgain],
  },
  {
    breaks: "a definite refusal of the first start adopts a copy",
    file: "src/activities/starting/send-start.ts",
    find: "const plans = [...(isDefinite ? [] : [plan])",
    replace: "const plans = [...(isDefinite ? [plan] : [plan])",
    suites: [startAgain],
  },
  {
    breaks: "a refused attempt remains marked as unanswered",
    file: record,
    find: "attempt: attempt === null ? null : { ...attempt, isAnswered: true } };",
    replace: "attempt };",
    suites: [startAgain],
  },
  {
    breaks: "a copy is settled while its start may be in flight",
    file: settle,
    find: "if (copyId === null && busyUntil(record) > deps.now()) {",
    replace: "if (copyId !== null && busyUntil(record) > deps.now()) {",
    suites: [settleAgain],
  },
  {
    breaks: "a copy that a late start began is not followed",
    file: settle,
    find: "if (copyId === null && record.copyId !== null && plan !== null) {",
    replace: "if (copyId !== null && record.copyId !== null && plan !== null) {",
    suites: [settleAgain],
  },
  {
    breaks: "Ferry does not look for the copy of a start without a response",
    file: settle,
    find: "const plans = copyId === null ? unansweredPlans(record) : [];",
    replace: "const plans = copyId === null ? unansweredPlans(record).slice(9) : [];",
    suites: [exactlyOnce, chaos],
  },
  {
    breaks: "a copy has two outcomes",
    file: settle,
    find: "if (current.outcome !== null) {",
    replace: "if (current.outcome !== null && current.source === null) {",
    suites: [settleAgain],
  },
  {
    breaks: "an outcome replaces the first one",
    file: record,
    find: "  if (record.outcome !== null) return record;\n  const abortRequested",
    replace: "  const abortRequested",
    suites: [findInstance, settleAgain],
  },
  {
    breaks: "two copies hold one lock",
    file: locks,
    find: "if (holder === instanceId) {",
    replace:
      "if (holder.length > 0) return { held: true, isNew: false, etag };\n        if (holder === instanceId) {",
    suites: [exactlyOnce],
  },
  {
    breaks: "the lock of another copy is released",
    file: locks,
    find: 'if (lock.content.instanceId !== instanceId) return { kind: "taken" };',
    replace: 'if (lock.content.instanceId === instanceId.slice(99)) return { kind: "taken" };',
    suites: [settleAgain],
  },
  {
    breaks: "a lock is released although it has a different ETag",
    file: locks,
    find: "await blobs.remove(name, { etag });",
    replace: "await blobs.remove(name);",
    suites: [settleAgain],
  },
  {
    breaks: "a lock that a waiter has marked is not released",
    file: locks,
    find: "{ etag, withSnapshots: true }",
    replace: "{ etag }",
    suites: [queue],
  },
  {
    breaks: "the other waiters do not learn that the lock is released",
    file: "src/activities/support/destination-queue.ts",
    find: "if (!isAlone) await ledger.queue.mark(destination, lock.etag);",
    replace: "void isAlone;",
    suites: [queueEnds],
  },
  {
    breaks: "a late run of an ended copy leaves its lock behind",
    file: resume,
    find: "await freeDestination(deps, { instanceId, copy: endpoints }, { context, lock: null });",
    replace:
      "if (copy.version > 1) await freeDestination(deps, { instanceId, copy: endpoints }, { context, lock: null });",
    suites: [startAgain, planAgain],
  },
  {
    breaks: "an abort is accepted after the outcome was recorded",
    file: record,
    find: "if (record.outcome !== null || record.abortRequested) return null;",
    replace: "if (record.abortRequested) return null;",
    suites: [findInstance],
  },
  {
    breaks: "an outcome lacks the abort that came while the copy was settled",
    file: record,
    find: "outcome.abortRequested || record.abortRequested;",
    replace: "outcome.abortRequested && record.abortRequested;",
    suites: [findInstance],
  },
  {
    breaks: "a copy is started although its abort is in the ledger",
    file: resume,
    find: 'if (isClosed(record)) return { kind: "abort-requested" };',
    replace: 'if (isClosed(record) && attempt > 99) return { kind: "abort-requested" };',
    suites: [startAgain],
  },
  {
    breaks: "copies that cannot be purged prevent the purge of the others",
    file: "src/triggers/timers/purge.ts",
    find: 'if (result.status === "rejected") failed++;',
    replace: 'if (result.status === "rejected") return;',
    suites: [retention],
  },
  {
    breaks: "a claim whose copy has no record yet is purged",
    file: "src/triggers/timers/purge.ts",
    find: "({ madeAt }) => toIsoDay(madeAt) < firstKept",
    replace: "({ madeAt }) => toIsoDay(madeAt) < `9${firstKept}`",
    suites: [retention],
  },
  {
    breaks: "the record is read although it is known",
    file: settle,
    find: "let record: Settling | null = mustRead ?",
    replace: "let record: Settling | null = mustRead || Date.now() > 0 ?",
    suites: [budget],
  },
];
