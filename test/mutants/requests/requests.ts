import type { Mutant } from "../mutant.ts";

const rules = "src/copy/contract/request-rules.ts";
const strangeRequests = "test/contract/activities/strange-requests.test.ts";
const strangeFields = "test/contract/activities/strange-fields.test.ts";
const strangeClaims = "test/contract/activities/strange-claims.test.ts";
const instances = "test/e2e/access/strange-instances.test.ts";
const busy = "test/e2e/copies/busy.test.ts";
const causes = "test/unit/copy/decisions/causes.test.ts";
const hosts = "test/unit/copy/location/storage-hosts.test.ts";
const urls = "test/unit/copy/location/written-urls.test.ts";
const foreign = "test/contract/host/foreign-requests.test.ts";
const events = "test/unit/copy/routing/storage-event.test.ts";
const repeated = "test/e2e/keys/repeated-keys.test.ts";

/** Mistakes in the checks of the rules that triggers enforce, and of inputs that are accepted in only one spelling. */
export const requestMutants: readonly Mutant[] = [
  {
    breaks: "an input chooses the time of its request",
    file: rules,
    find: "if (copy.createdAt !== toIso(requestedAt))",
    replace: 'if (copy.createdAt === "" && copy.createdAt !== toIso(requestedAt))',
    suites: [strangeRequests],
  },
  {
    breaks: "an id may have a time in the future",
    file: rules,
    find: "if (requestedAt > plusMs(now, maxClockSkewMs))",
    replace: "if (requestedAt > plusMs(now, maxClockSkewMs * 1e6))",
    suites: [strangeRequests],
  },
  {
    breaks: "an input has flags without their options",
    file: rules,
    find: "copy[flag] === undefined || copy[flag] === expected[flag]",
    replace: "copy[flag] === undefined || copy[flag] === (expected[flag] ?? copy[flag])",
    suites: [strangeRequests],
  },
  {
    breaks: "an input has options that a request must not have",
    file: rules,
    find: "...conflictingOptions(options),",
    replace: "...conflictingOptions(optionsOff),",
    suites: [strangeRequests],
  },
  {
    breaks: "an input has options that its endpoints do not support",
    file: rules,
    find: "...incompatibleOptions(options, source, destination),",
    replace: "...incompatibleOptions(optionsOff, source, destination).slice(9),",
    suites: [strangeRequests],
  },
  {
    breaks: "an input copies a blob onto itself without a rollback",
    file: rules,
    find: 'options.rollback !== "snapshot"',
    replace: 'options.rollback !== "snapshot" && options.legalHold',
    suites: [strangeRequests],
  },
  {
    breaks: "a copy that has a record is started with other options",
    file: "src/ledger/record.ts",
    find: "if (request !== null) return request !== hashRequest(copy);",
    replace: 'if (request !== null) return request === "" && request !== hashRequest(copy);',
    suites: [strangeRequests],
  },
  {
    breaks: "a copy that holds its lock is started with other options",
    file: "src/ledger/destinations/locks.ts",
    find: "return isSame ? {",
    replace: "return isSame || holder === instanceId ? {",
    suites: [strangeRequests],
  },
  {
    breaks: "the lock of a denied input stays",
    file: "src/activities/starting/resume.ts",
    find: "if (record === null || !isOfOther(record, copy)) return;",
    replace: "if (record === null || !isOfOther(record, copy) || record.lock !== null) return;",
    suites: [strangeRequests],
  },
  {
    breaks: "a later release denies the copies of an earlier one",
    file: rules,
    find: "value !== null && value !== off[name]",
    replace: "value !== off[name]",
    suites: [strangeRequests],
  },
  {
    breaks: "a plan selects a snapshot of any source",
    file: "src/copy/contract/strict-input.ts",
    find: "plan?.source.snapshot === undefined ||",
    replace: "plan?.source.snapshot !== null ||",
    suites: [strangeRequests],
  },
  {
    breaks: "a repeated request gets a new date",
    file: "src/triggers/http/start-copy.ts",
    find: "parsed.route === null || at === now",
    replace: "parsed.route === null || at <= now",
    suites: [repeated],
  },
  {
    breaks: "an id may have any time",
    file: "src/copy/contract/ids.ts",
    find: "timeOfId(toInstanceId(text)) < endOfIds",
    replace: "timeOfId(toInstanceId(text)) < endOfIds * 1e6",
    suites: [instances],
  },
  {
    breaks: "unknown fields of an input have no limit",
    file: "src/copy/contract/strict-input.ts",
    find: "JSON.stringify(json).length <= maxInputLength",
    replace: "JSON.stringify(json).length <= maxInputLength * 1e6",
    suites: [strangeFields],
  },
  {
    breaks: "a sealed SAS has no limit",
    file: "src/copy/contract/stored-shapes.ts",
    find: "const sealed = text(90 * 1_024);",
    replace: "const sealed = text(900 * 1_024);",
    suites: [strangeFields],
  },
  {
    breaks: "a name in an input has no limit",
    file: "src/copy/location/trusted-endpoint.ts",
    find: "const path = z.string().max(maxCopySourceLength);",
    replace: "const path = z.string().min(0).max(maxCopySourceLength * 99);",
    suites: [strangeFields],
  },
  {
    breaks: "a kept ETag matches every lock",
    file: "src/copy/contract/stored-shapes.ts",
    find: '/^"[\\x21\\x23-\\x29\\x2b\\x2d-\\x7e]{1,254}"$/',
    replace: "/^[\\x20-\\x7e]{1,256}$/",
    suites: [strangeClaims],
  },
  {
    breaks: "stored times have any year",
    file: "src/copy/contract/stored-shapes.ts",
    find: ".regex(/^\\d{4}-\\d\\d-\\d\\dT",
    replace: ".regex(/^.*-\\d\\d-\\d\\dT",
    suites: [strangeFields],
  },
  {
    breaks: "events have no limit",
    file: "src/copy/routing/storage-event.ts",
    find: "const place = z.string().max(16 * 1_024);",
    replace: "const place = z.string().max(16 * 1_024 * 1_024);",
    suites: [events],
  },
  {
    breaks: "an error contains the Storage id of the copy that Ferry would replace",
    file: "src/activities/starting/plan-copy.ts",
    find: "abort the other copy onto",
    replace: "abort copy ${copyId} onto",
    suites: [busy],
  },
  {
    breaks: "an error contains the Storage id of the copy that replaced ours",
    file: "src/copy/decisions/read-status.ts",
    find: '"another copy has replaced the destination"',
    replace: "`the destination now has copy ${copy.copyId}`",
    suites: [causes],
  },
  {
    breaks: "the parts of a host are accepted twice",
    file: "src/copy/location/storage-hosts.ts",
    find: "(?:-(?:dualstack|ipv6))?$/",
    replace: "(?:-(?:dualstack|ipv6))*$/",
    suites: [hosts],
  },
  {
    breaks: "an empty query is dropped",
    file: "src/copy/location/written-url.ts",
    find: "...(query !== undefined && /^&*$/.test(query)",
    replace: '...(query === " "',
    suites: [urls],
  },
  {
    breaks: "a parameter of a SAS may have no value",
    file: "src/copy/location/storage-query.ts",
    find: 'sasParameters.has(name) && parameters.get(name) === ""',
    replace: 'sasParameters.has(name) && parameters.get(name) === " "',
    suites: [urls],
  },
  {
    breaks: "the local host accepts other spellings of an origin",
    file: "src/local/host/http/foreign-requests.ts",
    find: "return url.origin === origin && names.has(url.hostname);",
    replace: "return names.has(url.hostname);",
    suites: [foreign],
  },
  {
    breaks: "a condition may contain a SAS",
    file: "src/copy/request/conditions.ts",
    find: "schema.refine((text) => !hasSignature(text), {",
    replace: 'schema.refine((text) => !hasSignature(text) || text !== "", {',
    suites: ["test/unit/copy/request/options.test.ts"],
  },
];
