import { apiMutants } from "./requests/api.ts";
import { jobMutants } from "./jobs/jobs.ts";
import { deletedJobMutants } from "./jobs/deleted-jobs.ts";
import { stubMutants } from "./jobs/stubs.ts";
import { jobRequestMutants } from "./jobs/job-requests.ts";
import { deletedCopyMutants } from "./copies/deleted-copies.ts";
import { dryRunMutants } from "./requests/dry-run.ts";
import { unknownCopyMutants } from "./copies/unknown-copies.ts";
import { hostileEventMutants } from "./requests/hostile-events.ts";
import { optionPowerMutants } from "./requests/powers.ts";
import { keyMutants } from "./requests/keys.ts";
import { foundCopyMutants } from "./copies/found-copies.ts";
import { overwriteMutants } from "./copies/overwrite.ts";
import { dashboardMutants } from "./clients/dashboard.ts";
import { dateAndDotMutants } from "./copies/dates-and-dots.ts";
import { edgeMutants } from "./copies/edges.ts";
import { emulatorMutants } from "./local/emulator.ts";
import { ledgerRunMutants } from "./ledger/ledger-runs.ts";
import { ledgerMutants } from "./ledger/ledger.ts";
import { activeJobMutants } from "./jobs/active-jobs.ts";
import { jobStorageMutants } from "./jobs/jobs-storage.ts";
import { lostKeyMutants } from "./jobs/lost-keys.ts";
import { localHostMutants } from "./local/local-host.ts";
import type { Mutant } from "./mutant.ts";
import { ownStateMutants } from "./ledger/own-state.ts";
import { repeatedKeyMutants } from "./requests/repeated-keys.ts";
import { requestMutants } from "./requests/requests.ts";
import { strictMutants } from "./copies/strict.ts";
import { powerMutants } from "./requests/power.ts";
import { priceMutants } from "./copies/price.ts";
import { taskHubMutants } from "./local/task-hub.ts";
import { quoteMutants } from "./requests/quotes.ts";
import { waitMutants } from "./copies/waits.ts";
import { nameMutants } from "./requests/names.ts";
import { alertMutants } from "./operate/alerts.ts";
import { clientMutants } from "./clients/clients.ts";
import { commandLineMutants } from "./clients/command-line.ts";
import { operateMutants } from "./operate/operate.ts";
import { packageMutants } from "./operate/package.ts";

const chaos = "test/chaos/chaos.test.ts";
const isOurs = "test/unit/copy/decisions/is-ours.test.ts";
const blobClient = "test/contract/storage/blob-copy-client.test.ts";
const abort = "test/e2e/copies/abort.test.ts";
const findInstance = "test/contract/instances/find-instance.test.ts";
const timers = "test/contract/orchestrations/timers.test.ts";
const lateRead = "test/unit/orchestrations/late-read.test.ts";
const retention = "test/contract/triggers/retention.test.ts";
const startAgain = "test/contract/activities/start-again.test.ts";
const minted = "test/e2e/secrets/minted.test.ts";
const mintedFiles = "test/e2e/secrets/minted-files.test.ts";
const exactlyOnce = "test/e2e/recovery/exactly-once.test.ts";
const events = "test/e2e/events/events.test.ts";
const notices = "test/e2e/events/notifications.test.ts";
const routes = "test/e2e/events/routes.test.ts";

export const mutants: readonly Mutant[] = [
  ...apiMutants,
  ...jobMutants,
  ...stubMutants,
  ...deletedJobMutants,
  ...jobRequestMutants,
  ...dashboardMutants,
  ...keyMutants,
  ...foundCopyMutants,
  ...overwriteMutants,
  ...dateAndDotMutants,
  ...emulatorMutants,
  ...localHostMutants,
  ...activeJobMutants,
  ...jobStorageMutants,
  ...lostKeyMutants,
  {
    breaks: "a start overwrites a blob that was created after the plan",
    file: "src/storage/blob-copy-client.ts",
    find: 'destinationEtag === null ? { ifNoneMatch: "*" }',
    replace: "destinationEtag === null ? {}",
    suites: [blobClient],
  },
  {
    breaks: "a start overwrites content that was written after the plan",
    file: "src/storage/blob-copy-client.ts",
    find: ": { ifMatch: destinationEtag }),",
    replace: ": {}),",
    suites: ["test/e2e/options/options.test.ts"],
  },
  {
    breaks: "a start copies different content than was planned",
    file: "src/storage/blob-copy-client.ts",
    find: "(sourceEtag === null ? {} : { ifMatch: sourceEtag }),",
    replace: "(sourceEtag === null ? {} : { ifNoneMatch: `${sourceEtag}0` }),",
    suites: [blobClient],
  },
  {
    breaks: "a stub is removed although another writer has changed it",
    file: "src/storage/blob-copy-client.ts",
    find: "delete({ conditions })",
    replace: "delete({ conditions: { ifNoneMatch: `${conditions.ifMatch}0` } })",
    suites: [blobClient],
  },
  {
    breaks: "a blob from before the plan is mistaken for our copy",
    file: "src/copy/decisions/is-ours.ts",
    find: "if (copy === null || etag === plan.destinationEtag) return false;",
    replace:
      "if (copy === null || (etag === plan.destinationEtag && copy.copyId.length === 0)) return false;",
    suites: [isOurs],
  },
  {
    breaks: "a copy of any source is mistaken for ours",
    file: "src/copy/decisions/is-ours.ts",
    find: "return isEchoOf(startedFrom(plan, source), copy.source);",
    replace: 'return isEchoOf(startedFrom(plan, source), copy.source) || copy.copyId !== "";',
    suites: [isOurs],
  },
  {
    breaks: "a foreign pending copy is overwritten",
    file: "src/copy/decisions/plan.ts",
    find: 'if (copy?.status === "pending") {',
    replace: 'if (copy?.status === "pending" && properties.length < 0) {',
    suites: ["test/e2e/copies/busy.test.ts"],
  },
  {
    breaks: "an aborted copy is read as a success",
    file: "src/copy/decisions/read-status.ts",
    find: 'return { kind: "aborted", progress, ...final };',
    replace: 'return { kind: "success", progress: { bytesCopied: 0, totalBytes: 0 }, ...final };',
    suites: [abort],
  },
  {
    breaks: "another copy's status is read as ours",
    file: "src/copy/decisions/read-status.ts",
    find: "if (copy === null || copy.copyId !== copyId) {",
    replace: "if (copy === null) {",
    suites: [
      "test/e2e/copies/copy-blob.test.ts",
      "test/contract/activities/unknown-copies.test.ts",
      "test/e2e/copies/rollback.test.ts",
    ],
  },
  {
    breaks: "a start without a response counts as refused",
    file: "src/copy/decisions/storage-errors.ts",
    find: "if (status === 0) return unsent.has(code);",
    replace: "if (status === 0) return !unsent.has(code);",
    suites: [startAgain, chaos],
  },
  {
    breaks: "an abort before the start is ignored",
    file: "src/orchestrations/begin.ts",
    find: "if (abort) {",
    replace: "if (abort && failures > 1_000) {",
    // Start also finds the abort in the ledger, so only a history shows that the event was ignored.
    suites: ["test/replay/recorded-histories.test.ts"],
  },
  {
    breaks: "events that arrive while an activity runs are not drained",
    file: "src/orchestrations/waits.ts",
    find: "let seen = arrived();",
    replace: "let seen: ArrivedEvents = { abort: false, wake: null };",
    suites: ["test/contract/orchestrations/event-races.test.ts"],
  },
  {
    breaks: "the losing timer is not canceled",
    file: "src/orchestrations/waits.ts",
    find: "if (first !== timer) timer.cancel();",
    replace: "if (first !== timer && seen.abort) timer.cancel();",
    suites: [abort],
  },
  {
    breaks: "a SAS is printed when it is converted to a string",
    file: "src/copy/location/sas.ts",
    find: "toString(): string {\n    return redacted;",
    replace: "toString(): string {\n    return this.#query;",
    suites: [
      "test/unit/secrets/seal.test.ts",
      "test/e2e/secrets/secrets-at-rest.test.ts",
      "test/e2e/secrets/canary-secrets.test.ts",
    ],
  },
  {
    breaks: "a failed start's message quotes the source with its SAS",
    file: "src/storage/blob-copy-client.ts",
    find: "beginCopyFromURL(urlOf(source), startOptions(order)),",
    replace: `beginCopyFromURL(urlOf(source), startOptions(order)).catch((error) => {
          throw Object.assign(error, { code: urlOf(source) });
        }),`,
    suites: ["test/e2e/secrets/canary-secrets.test.ts"],
  },
  {
    breaks: "a sealed SAS opens for any copy",
    file: "src/secrets/seal.ts",
    find: "Buffer.from(`${instanceId}\\n${field}\\n",
    replace: "Buffer.from(`${instanceId.length}\\n${field}\\n",
    suites: ["test/unit/secrets/seal.test.ts"],
  },
  {
    breaks: "the allow-list compares texts instead of path segments",
    file: "src/copy/request/access-policy.ts",
    find: "place.segments.every((segment, index) => segment === segments?.[index])",
    replace: 'segments?.join("/").startsWith(place.segments.join("/")) === true',
    suites: ["test/e2e/requests/bad-input.test.ts", "test/e2e/access/allow-list.test.ts"],
  },
  {
    breaks: "the allow-list combines the two sides of different pairs",
    file: "src/copy/routing/copy-access.ts",
    find: "(pair) => isAllowed([pair], copy)",
    replace: "({ from }) => isAllowed(policy.allowed.map((pair) => ({ ...pair, from })), copy)",
    suites: ["test/e2e/requests/bad-input.test.ts", "test/e2e/access/allow-list.test.ts"],
  },
  {
    breaks: "an Idempotency-Key matches a request to another destination",
    file: "src/triggers/http/start-copy.ts",
    find: "[endpointUrl(source), to, sorted(",
    replace: "[endpointUrl(source), to.length === 0, sorted(",
    suites: [exactlyOnce],
  },
  {
    breaks: "another writer's copy of the same source, with another SAS, is mistaken for ours",
    file: "src/copy/decisions/is-ours.ts",
    find: '.get("scid") === mintedSas.scid',
    replace: '.get("scid") !== ""',
    suites: [minted],
  },
  {
    breaks: "another writer's copy of the same file, with another SAS, is mistaken for ours",
    file: "src/copy/decisions/is-ours.ts",
    find: "expiresAt === null || parseTime(expiresAt) === parseTime(mintedSas.expiresAt)",
    replace: "expiresAt !== mintedSas.expiresAt",
    suites: [mintedFiles],
  },
  {
    breaks: "a file's copy is not recognized because it has no correlation id",
    file: "src/copy/decisions/is-ours.ts",
    find: 'if (service === "blob") return sas',
    replace: 'if (service !== "external") return sas',
    suites: [mintedFiles],
  },
  {
    breaks: "a copy from before the plan is mistaken for ours",
    file: "src/copy/decisions/is-ours.ts",
    find: "completedAt < parseTime(plannedAt) - maxClockSkewMs",
    replace: "completedAt < parseTime(plannedAt) - 1_000 * maxClockSkewMs",
    suites: ["test/unit/copy/decisions/is-ours.test.ts"],
  },
  {
    breaks: "a minted SAS may write",
    file: "src/storage/sas-mint.ts",
    find: "{ read: true, tag: withTags }",
    replace: "{ read: true, write: true, tag: withTags }",
    suites: [minted],
  },
  {
    breaks: "a file's minted SAS may write",
    file: "src/storage/file-sas.ts",
    find: 'FileSASPermissions.parse("r")',
    replace: 'FileSASPermissions.parse("rw")',
    suites: [mintedFiles],
  },
  {
    breaks: "a file's minted SAS opens its whole share",
    file: "src/storage/file-sas.ts",
    find: "filePath: source.path,",
    replace: "",
    suites: [mintedFiles],
  },
  {
    breaks: "no SAS is minted for a file within one account",
    file: "src/copy/decisions/source-authorization.ts",
    find: 'source.service === "file" && canMint',
    replace: 'source.service !== "file" && canMint',
    suites: [mintedFiles],
  },
  {
    breaks: "a rollback gives up if the role for tags was removed",
    file: "src/activities/support/rollback.ts",
    find: "!isRefusal(error, isUnauthorized) || Object",
    replace: "isRefusal(error, isUnauthorized) || Object",
    suites: ["test/e2e/copies/rollback.test.ts"],
  },
  {
    breaks: "tags that are not known to be restored are reported as restored",
    file: "src/activities/support/rollback.ts",
    find: "return [tagsUnverified];",
    replace: "return [tagsUnverified].slice(1);",
    suites: ["test/e2e/copies/rollback.test.ts"],
  },
  {
    breaks: "a minted SAS is also valid over http",
    file: "src/storage/sas-mint.ts",
    find: "protocol: SASProtocol.Https,",
    replace: "protocol: SASProtocol.HttpsAndHttp,",
    suites: [minted],
  },
  {
    breaks: "a minted SAS does not have its plan's correlation id",
    file: "src/storage/sas-mint.ts",
    find: "correlationId: scid,",
    replace: "correlationId: `${scid}0`,",
    suites: ["test/contract/activities/minted-again.test.ts"],
  },
  {
    breaks: "a public source is not read if the identity has no role",
    file: "src/copy/decisions/storage-errors.ts",
    find: 'isUnauthorized(response) || response.code === "IdentityUnavailable"',
    replace: 'response.status === 401 || response.code === "IdentityUnavailable"',
    suites: [minted],
  },
  {
    breaks: "a copy that outlives its minted SAS is reported as unauthorized to read",
    file: "src/copy/decisions/read-status.ts",
    find: "parseTime(mintedSas.expiresAt);",
    replace: "parseTime(mintedSas.expiresAt) + 86_400_000;",
    suites: [minted],
  },
  {
    breaks: "a destination is read although its SAS has expired",
    file: "src/activities/support/read-status.ts",
    find: "hasSasExpired(destination.sas, readAt)",
    replace: "hasSasExpired(null, readAt)",
    suites: ["test/e2e/requests/hardening.test.ts"],
  },
  {
    breaks: "a source that was held stays leased",
    file: "src/activities/support/source-lease.ts",
    find: "deps.client.releaseSource(source, instanceId)",
    replace: "Promise.resolve(source)",
    suites: ["test/e2e/copies/sources.test.ts"],
  },
  {
    breaks: "a blob is copied onto itself without a snapshot",
    file: "src/copy/decisions/is-ours.ts",
    find: "return snapshot === undefined ? source : { ...source, snapshot };",
    replace: 'return snapshot === "" ? { ...source, snapshot } : source;',
    suites: ["test/e2e/copies/sources.test.ts"],
  },
  {
    breaks: "the marker of a snapshot stays on a blob that was copied onto itself",
    file: "src/copy/decisions/rollback-step.ts",
    find: 'return isMarked ? { kind: "unmark", etag: destination.etag } : { kind: "nothing" };',
    replace:
      'return isMarked && instanceId === "" ? { kind: "unmark", etag: "" } : { kind: "nothing" };',
    suites: ["test/e2e/copies/sources.test.ts"],
  },
  {
    breaks: "metadata of a file is left to the SDK, which drops it",
    file: "src/storage/file-copy-client.ts",
    find: "[`x-ms-meta-${name}`, text]",
    replace: "[`x-meta-${name}`, text]",
    suites: ["test/e2e/options/file-options.test.ts"],
  },
  {
    breaks: "a file is overwritten although it was created after the plan",
    file: "src/storage/file-copy-client.ts",
    find: "if ((seen?.etag ?? null) !== order.destinationEtag) throw conditionNotMet();",
    replace: "if (seen?.etag === order.sourceEtag) throw conditionNotMet();",
    suites: ["test/contract/storage/file-copy-client.test.ts"],
  },
  {
    breaks: "a lease id is left out of an abort",
    file: "src/storage/blob-copy-client.ts",
    find: "abortCopyFromURL(copyId, { conditions })",
    replace: "abortCopyFromURL(copyId, conditions.leaseId === copyId ? { conditions } : {})",
    suites: ["test/e2e/options/options.test.ts"],
  },
  {
    breaks: "a caller's tag condition is not sent with the start",
    file: "src/storage/blob-copy-client.ts",
    find: "...tagCondition(options.sourceConditions),",
    replace: "",
    suites: ["test/e2e/options/options.test.ts"],
  },
  {
    breaks: "an event is copied as often as it is delivered after a restart",
    file: "src/triggers/events/storage-event-trigger.ts",
    find: "key: `${etag} ${source}`",
    replace: "key: `${etag} ${source} ${fresh}`",
    suites: [events],
  },
  {
    breaks: "a stale event copies the current content",
    file: "src/copy/decisions/plan.ts",
    find: "if (bareEtag(etag) !== event.etag) {",
    replace: "if (bareEtag(etag) === null) {",
    suites: [events],
  },
  {
    breaks: "an event at the end of a copy wakes no instance",
    file: "src/triggers/events/storage-event-trigger.ts",
    find: "if (created.byCopy) await",
    replace: "if (!created.byCopy) await",
    suites: [events],
  },
  {
    breaks:
      "the orchestration forgets which copy its source awaits, so each attempt takes the lock",
    file: "src/orchestrations/begin.ts",
    find: "awaitedCopyId = result.awaitedCopyId ?? awaitedCopyId;",
    replace: "awaitedCopyId ??= undefined;",
    suites: ["test/e2e/copies/source-wait.test.ts"],
  },
  {
    breaks: "a notification that was not accepted is not sent again",
    file: "src/orchestrations/notify.ts",
    find: "if (!isRecorded || context.now() >= deadline) return;",
    replace: "if (isRecorded || context.now() >= deadline) return;",
    suites: [notices],
  },
  {
    breaks: "a copy counts as running while its notifications are sent",
    file: "src/instances/find-instance.ts",
    find: "own.customStatus?.settled === true",
    replace: "own.customStatus?.settled === undefined",
    suites: [notices],
  },
  {
    breaks: "notifications of a failed instance are not resent",
    file: "src/triggers/timers/resend-notifications.ts",
    find: "waited > graceMs && ",
    replace: "waited < graceMs && ",
    suites: [notices],
  },
  {
    breaks: "a request without a route may do what routes may do",
    file: "src/copy/routing/copy-access.ts",
    find: "if (pairs.length === 0) {",
    replace: "if (pairs.length === 0 && policy.routes.length === 0) {",
    suites: [routes],
  },
  {
    breaks: "a request overrides an option of its route",
    file: "src/copy/routing/request-along-route.ts",
    find: "isObject(given) && Object.hasOwn(given, option)",
    replace: "!isObject(given) && route.fixedOptions.includes(option)",
    suites: [routes],
  },
  {
    breaks: "the id of a running copy is accepted as a caller's lease",
    file: "src/copy/contract/request-rules.ts",
    find: 'return isInstanceId(leaseId?.toLowerCase() ?? "");',
    replace: 'return isInstanceId(leaseId?.slice(1) ?? "");',
    suites: ["test/e2e/requests/hardening.test.ts"],
  },
  {
    breaks: "a copy of a route called wake counts as its wake",
    file: "src/triggers/events/storage-event-trigger.ts",
    find: "once(`route ${route.name} ${state} ${created.at}`",
    replace: "once(`${route.name} ${state}`",
    suites: [events],
  },
  {
    breaks: "an accepted abort is lost with the instance",
    file: "src/instances/known-status.ts",
    find: "last.abortRequested || record?.abortRequested === true",
    replace: "last.abortRequested || record?.lock === last.copyId",
    suites: [findInstance],
  },
  {
    breaks: "an instance started in another letter case is not found",
    file: "src/instances/find-instance.ts",
    find: "status.name.toLowerCase() !== name.toLowerCase()",
    replace: "status.name !== name",
    suites: [findInstance],
  },
  {
    breaks: "a running copy hides an abort that its instance has not received",
    file: "src/instances/find-instance.ts",
    find: "if (record?.abortRequested !== true) return",
    replace: "if (record?.abortRequested !== undefined) return",
    suites: [findInstance],
  },
  {
    breaks: "a timer fires before it is due",
    file: "src/orchestrations/waits.ts",
    find: "earliest(plusMs(due, second), plusMs(now, day))",
    replace: "earliest(plusMs(due, 0 * second), plusMs(now, day))",
    suites: [timers],
  },
  {
    breaks: "a wait for a fence counts as an attempt to settle",
    file: "src/orchestrations/finish.ts",
    find: "attempts--; // nothing was attempted",
    replace: "if (fenceWaits > maxAttempts * 2) attempts--;",
    suites: [timers],
  },
  {
    breaks: "a read is dated by the turn that gets its result",
    file: "src/orchestrations/follow.ts",
    find: "earliest(status.readAt ?? now, now)",
    replace: "latest(earliest(now, now), now)",
    suites: [lateRead],
  },
  {
    breaks: "the clock of an activity's host is trusted",
    file: "src/orchestrations/follow.ts",
    find: "latest(askedAt, earliest(",
    replace: "latest(earliest(askedAt, startedAt), earliest(",
    suites: [lateRead],
  },
  {
    breaks: "retention leaves an old running instance that prevents the purge of its copy",
    file: "src/instances/purge-instance.ts",
    find: "if (status !== null && unfinished.has(",
    replace: "if (status !== null && !unfinished.has(",
    suites: [retention],
  },
  ...powerMutants,
  ...priceMutants,
  ...taskHubMutants,
  ...waitMutants,
  ...ledgerMutants,
  ...ledgerRunMutants,
  ...nameMutants,
  ...packageMutants,
  ...edgeMutants,
  ...strictMutants,
  ...operateMutants,
  ...alertMutants,
  ...requestMutants,
  ...repeatedKeyMutants,
  ...quoteMutants,
  ...ownStateMutants,
  ...clientMutants,
  ...commandLineMutants,
  ...optionPowerMutants,
  ...hostileEventMutants,
  ...unknownCopyMutants,
  ...dryRunMutants,
  ...deletedCopyMutants,
];
