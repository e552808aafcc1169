import type { Mutant } from "../mutant.ts";

const runsAtOnce = "test/contract/activities/runs-at-once.test.ts";
const startAgain = "test/contract/activities/start-again.test.ts";
const suite = "test/contract/ledger/ledger-emulator.test.ts";
const claims = "test/contract/ledger/claims.test.ts";
const retention = "test/contract/triggers/retention.test.ts";
const watchdog = "test/e2e/recovery/watchdog.test.ts";
const blobs = "src/ledger/conditional-blobs.ts";
const start = "src/activities/start.ts";
const purge = "src/triggers/timers/purge.ts";

/** Mistakes that appear when two runs overlap, a response is lost, or a process is killed between two requests. */
export const ledgerRunMutants: readonly Mutant[] = [
  {
    breaks: "a lock, record or claim is created over another one",
    file: blobs,
    find: 'write(name, content, { ifNoneMatch: "*" }, metadata)',
    replace: "write(name, content, {} as { ifMatch: string }, metadata)",
    suites: [suite],
  },
  {
    breaks: "a lock is created without a condition",
    file: "src/ledger/destinations/locks.ts",
    find: "const created = await blobs.create(name, fresh);",
    replace:
      'const created = (await blobs.create(name, fresh)) ?? (await blobs.replace(name, fresh, "*"));',
    suites: [suite],
  },
  {
    breaks: "a lock is taken over without a condition",
    file: "src/ledger/destinations/locks.ts",
    find: "const replaced = await blobs.replace(name, fresh, etag);",
    replace: 'const replaced = await blobs.replace(name, fresh, "*");',
    suites: [suite],
  },
  {
    breaks: "a lock is taken over although its holder has not ended",
    file: "src/ledger/destinations/locks.ts",
    find: "if (record === null || record.outcome === null) return { held: false, holder, etag };",
    replace: "if (record === null) return { held: false, holder, etag };",
    suites: [suite, startAgain, "test/e2e/recovery/exactly-once.test.ts"],
  },
  {
    breaks: "a blob is removed without its condition",
    file: blobs,
    find: "...(etag === undefined ? {} : { conditions: { ifMatch: etag } }),",
    replace: "...(etag === undefined ? {} : {}),",
    suites: [suite],
  },
  {
    breaks: "a lock that was released is marked",
    file: blobs,
    find: "createSnapshot({ conditions: { ifMatch: etag } })",
    replace: 'createSnapshot({ conditions: { ifMatch: etag.slice(99) || "*" } })',
    suites: [suite],
  },
  {
    breaks: "a second claim wins",
    file: "src/ledger/blob-ledger.ts",
    find: "if (found !== null) return { ...found.content, name };",
    replace: "if (found !== null) return { ...claim, name };",
    suites: [suite],
  },
  {
    breaks: "a claim that was not made is returned",
    file: "src/ledger/blob-ledger.ts",
    find: "if (found !== null) return { ...found.content, name };",
    replace: "return { ...(found?.content ?? claim), name };",
    suites: [claims],
  },
  {
    breaks: "an abort is written without a condition",
    file: "src/ledger/records.ts",
    find: "const etag = await write(instanceId, next ?? emptyRecord, record?.etag ?? null);",
    replace:
      'const etag = await write(instanceId, next ?? emptyRecord, record === null ? null : "*");',
    suites: [suite],
  },
  {
    breaks: "a second run starts a copy under a lock that was released in order to wait",
    file: start,
    find: "if (record?.releasedLock === lock.etag) {",
    replace: "if (record?.releasedLock === instanceId) {",
    suites: [runsAtOnce],
  },
  {
    breaks: "a lock that a killed run was releasing is not released",
    file: start,
    find: "    await giveLockBack(deps, input, { context, lock: lock.etag });\n",
    replace:
      '    if (lock.etag === "") await giveLockBack(deps, input, { context, lock: lock.etag });\n',
    suites: [runsAtOnce],
  },
  {
    breaks: "a copy that is started waits for its source",
    file: start,
    find: "mustClean || (record !== null && mayBeStarted(record));",
    replace: "mustClean || (record !== null && record.outcome !== null);",
    suites: [runsAtOnce],
  },
  {
    breaks: "a registration whose response was lost starts a copy that was aborted",
    file: start,
    find: "return isOurs && found !== null && !isClosed(found) ? found : null;",
    replace:
      "return isOurs && found !== null && (!isClosed(found) || found.abortRequested) ? found : null;",
    suites: [runsAtOnce],
  },
  {
    breaks: "a registration whose response was lost is mistaken for another run's",
    file: start,
    find: "return isOurs && found !== null && !isClosed(found) ? found : null;",
    replace: "return isOurs && found !== null && isClosed(found) ? found : null;",
    suites: [runsAtOnce],
  },
  {
    breaks: "a run that comes while its copy is settled leaves a lease",
    file: start,
    find: "if (record !== null && record.settlement !== null) {",
    replace: "if (record !== null && record.settlement !== null && record.source === null) {",
    suites: [runsAtOnce],
  },
  {
    breaks: "a late run of an ended copy leaves the snapshot of a killed run",
    file: "src/activities/starting/resume.ts",
    find: "const mayDiscard = isAllowed && isHeld &&",
    replace: "const mayDiscard = !isAllowed && isHeld &&",
    suites: [runsAtOnce],
  },
  {
    breaks: "a repair mistakes its own clean-up for another client's change",
    file: "src/orchestrations/repair-orchestration.ts",
    find: "if (settlement !== null) return yield*",
    replace: "if (settlement !== null && plan === null) return yield*",
    suites: [watchdog],
  },
  {
    breaks: "a claim is purged although its copy has a record",
    file: purge,
    find: "if ((await records.read(claim.instanceId)) !== null) return false;",
    replace: 'if ((await records.read(claim.instanceId)) !== null && name === "") return false;',
    suites: [retention],
  },
  {
    breaks: "an instance without a record is never purged",
    file: purge,
    find: "return record === null && (await purgeCopy(deps, client, id));",
    replace: "return record !== null && (await purgeCopy(deps, client, id));",
    suites: [retention],
  },
  {
    breaks: "a run fails its copy because it finds the copy of another run",
    file: "src/activities/settle-in-start.ts",
    find: "{ mayFence: false }",
    replace: "{ mayFence: true }",
    suites: [runsAtOnce],
  },
];
