import type { Mutant } from "../mutant.ts";

const deletes = "test/e2e/known-copies/delete.test.ts";
const timelines = "test/e2e/known-copies/timeline.test.ts";
const openapi = "test/e2e/requests/openapi.test.ts";
const document = "test/unit/openapi.test.ts";
const dryRuns = "test/e2e/dry-run/dry-run.test.ts";
const holds = "test/contract/triggers/hold-until-ended.test.ts";
const headers = "test/e2e/requests/response-headers.test.ts";
const operators = "test/e2e/access/operators.test.ts";
const lists = "test/contract/triggers/list-copies.test.ts";
const listQueries = "test/unit/list-query.test.ts";
const retries = "test/e2e/known-copies/retry.test.ts";

/** Mistakes in the HTTP API. */
export const apiMutants: readonly Mutant[] = [
  {
    breaks: "a deleted copy keeps no outcome, so a late run of its start copies again",
    file: "src/ledger/record.ts",
    find: "outcome: bareOutcome(outcome ?? abortedAt(toIso(now))),\n    abortRequested: true,",
    replace: "outcome: outcome === null ? bareOutcome(abortedAt(toIso(now))) : null,",
    suites: [
      "test/contract/activities/deleted-meanwhile.test.ts",
      "test/contract/activities/late-starts.test.ts",
    ],
  },
  {
    breaks: "a deleted copy is listed",
    file: "src/triggers/http/list-copies.ts",
    find: "!copy.isDeleted &&",
    replace: "(!copy.isDeleted || copy.isDeleted) &&",
    suites: [lists],
  },
  {
    breaks: "the claim of a deleted copy stays open, so its key starts it again",
    file: "src/triggers/http/delete-copy.ts",
    find: "if (claim !== null) await ledger.closeClaim",
    replace: 'if (claim === "") await ledger.closeClaim',
    suites: [deletes],
  },
  {
    breaks: "a key whose copy was deleted starts a copy",
    file: "src/triggers/http/claim-instance.ts",
    find: "if (claim.deletedAt !== undefined) return deleted(claim.deletedAt);\n  if (!isSame(",
    replace: 'if (claim.deletedAt === "") return deleted(claim.deletedAt);\n  if (!isSame(',
    suites: [deletes],
  },
  {
    breaks: "a copy is deleted before its notification is delivered",
    file: "src/triggers/http/delete-copy.ts",
    find: 'if (own?.execution.kind === "running" || repair',
    replace: 'if (own?.execution.kind === "ended" || repair',
    suites: [deletes],
  },
  {
    breaks: "a DELETE that was interrupted leaves the record",
    file: "src/triggers/http/delete-copy.ts",
    find: "if (instance === null && recorded === null) return",
    replace: "if (instance === null && (recorded === null || recorded.record !== null)) return",
    suites: [deletes],
  },
  {
    breaks: "a running copy is retried",
    file: "src/triggers/http/retry-copy.ts",
    find: 'if (former.execution.kind === "running") {',
    replace: 'if (former.execution.kind === "broken") {',
    suites: [retries],
  },
  {
    breaks: "a retry ignores that the SAS has expired",
    file: "src/triggers/http/retry-copy.ts",
    find: "if (expired.length === 0) {",
    replace: "if (expired.length < 9) {",
    suites: [retries],
  },
  {
    breaks: "a retry does not check whether the copy is still allowed",
    file: "src/triggers/http/retry-copy.ts",
    find: "if (denial !== null) return refused(",
    replace: 'if (denial?.reason === "") return refused(',
    suites: [retries],
  },
  {
    breaks: "a retry of a request with a route keeps the destination of an earlier day",
    file: "src/triggers/http/retry-copy.ts",
    find: "return parsed.ok ? {",
    replace: "return parsed.ok && at < 0 ? {",
    suites: [retries],
  },
  {
    breaks: "an operator takes over the copy that it retries",
    file: "src/triggers/http/retry-copy.ts",
    find: "...(owner === undefined ? {} : { owner }),",
    replace:
      '...(owner === undefined ? {} : { owner: createHash("sha256").update("principal aad/ops").digest("hex") }),',
    suites: [retries],
  },
  {
    breaks: "a list shows every caller's copies",
    file: "src/triggers/http/list-copies.ts",
    find: "(keepsAll || mayUseRecord(request, copy, principals)),",
    replace: "(!keepsAll || mayUseRecord(request, copy, principals)),",
    suites: [lists],
  },
  {
    breaks: "a cursor shows the id of another caller's copy",
    file: "src/triggers/http/list-copies.ts",
    find: "scanned = copy.time;",
    replace: "scanned = copy.position;",
    suites: [lists],
  },
  {
    breaks: "a page scans every copy of the ledger",
    file: "src/triggers/http/list-copies.ts",
    find: "calls < maxCalls && (",
    replace: "calls < 99 * maxCalls && (",
    suites: [lists],
  },
  {
    breaks: "a page repeats the copy at which the former page ended",
    file: "src/triggers/http/list-copies.ts",
    find: "if (copy.position === startFrom) continue;",
    replace: 'if (copy.position === "") continue;',
    suites: [lists],
  },
  {
    breaks: "a list shortens long URLs",
    file: "src/triggers/http/list-copies.ts",
    find: "if (!isTruncated(item.source) &&",
    replace: "if (isTruncated(item.source) ||",
    suites: [lists],
  },
  {
    breaks: "a cursor of other filters continues a list",
    file: "src/http/cursor.ts",
    find: "return hash === hashOf(filters) ?",
    replace: "return hash !== hashOf(filters.slice(0, 0)) ?",
    suites: [listQueries],
  },
  {
    breaks: "a cursor leads to another folder of the ledger",
    file: "src/ledger/instance-id.ts",
    find: "return /^\\d{5}\\/[0-9a-f]{12}-(",
    replace: "return /\\d{5}\\/[0-9a-f]{12}-(",
    suites: [listQueries],
  },
  {
    breaks: "a filter may contain a SAS, which is logged",
    file: "src/http/list-query.ts",
    find: "return hasSignature(prefix)",
    replace: "return hasSignature(`${prefix.length}`)",
    suites: [listQueries],
  },
  {
    breaks: "any number of requests is held",
    file: "src/triggers/http/hold-until-ended.ts",
    find: "if (holding.held >= maxHeld) return response;",
    replace: "if (holding.held < 0) return response;",
    suites: [holds],
  },
  {
    breaks: "a held request never frees its place",
    file: "src/triggers/http/hold-until-ended.ts",
    find: "      holding.held--;",
    replace: "      holding.held += 0;",
    suites: [holds],
  },
  {
    breaks: "a held request reads the hub without a limit",
    file: "src/triggers/http/hold-until-ended.ts",
    find: "if (reads() + maxReadsOfSearch > maxHubReads)",
    replace: "if (reads() + maxReadsOfSearch > 99 * maxHubReads)",
    suites: [holds],
  },
  {
    breaks: "the response has Preference-Applied although the wait was cut short",
    file: "src/triggers/http/hold-until-ended.ts",
    find: "return last.isHonoured ? withApplied",
    replace: "return last.copy !== null ? withApplied",
    suites: [holds],
  },
  {
    breaks: "If-None-Match matches a part of an ETag",
    file: "src/http/view-response.ts",
    find: "return etags.includes(etag);",
    replace: "return etags.some((each) => etag.includes(each.slice(1, -1)));",
    suites: [headers],
  },
  {
    breaks: "a role of another identity provider makes an operator",
    file: "src/triggers/http/principals.ts",
    find: 'if (headers.get("x-ms-client-principal-idp") !== "aad") return false;',
    replace: 'if (headers.get("x-ms-client-principal-idp") === "") return false;',
    suites: [operators],
  },
  {
    breaks: "any claim with the text of the role makes an operator",
    file: "src/triggers/http/principals.ts",
    find: '&& typeof typ === "string" && roleTypes',
    replace: "&& roleTypes",
    suites: [operators],
  },
  {
    breaks: "a copy whose history was purged in Durable does not exist",
    file: "src/instances/copy-view.ts",
    find: "if (source === null || destination === null || createdAt",
    replace: 'if (source !== "" || destination === null || createdAt',
    suites: [timelines],
  },
  {
    breaks: "every caller reads the record of a purged copy",
    file: "src/triggers/http/get-copy.ts",
    find: "|| !mayUseRecord(request, record, principals)) return null;",
    replace: "|| (mayUseRecord(request, record, principals) && id === null)) return null;",
    suites: [timelines],
  },
  {
    breaks: "a timeline leaves out the repair",
    file: "src/instances/timeline.ts",
    find: "...readEntries(repair ?? [], true)]",
    replace: "...readEntries(repair?.slice(0, 0) ?? [], true)]",
    suites: [timelines],
  },
  {
    breaks: "a dry run starts the copy",
    file: "src/triggers/http/start-copy.ts",
    find: "if (asksForDryRun(body.json)) {",
    replace: "if (asksForDryRun(body.json) && now < 0) {",
    suites: [dryRuns],
  },
  {
    breaks: "the document lacks a parameter of the API",
    file: "src/http/openapi/operations.ts",
    find: "parameters: [id, idempotencyKey, prefer],",
    replace: "parameters: [id, prefer],",
    suites: [document],
  },
  {
    breaks: "a response may have fields that the document does not have",
    file: "src/http/openapi/answers.ts",
    find: "export const copyList = z\n  .strictObject({",
    replace: "export const copyList = z\n  .looseObject({",
    suites: [openapi, document],
  },
  {
    breaks: "a page takes as long as Storage needs",
    file: "src/triggers/http/list-copies.ts",
    find: "now() < until);",
    replace: "now() !== until);",
    suites: [lists],
  },
];
