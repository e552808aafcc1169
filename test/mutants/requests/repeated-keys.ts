import type { Mutant } from "../mutant.ts";

const claim = "src/triggers/http/claim-instance.ts";
const find = "src/instances/find-instance.ts";
const record = "src/ledger/record.ts";
const deletion = "src/triggers/http/delete-copy.ts";
const resume = "src/activities/starting/resume.ts";
const characters = "src/copy/location/characters.ts";

const keys = "test/e2e/keys/repeated-keys.test.ts";
const names = "test/e2e/known-copies/deleted-names.test.ts";
const deleted = "test/unit/deleted-record.test.ts";
const lists = "test/e2e/known-copies/list.test.ts";
const timelines = "test/e2e/known-copies/timeline.test.ts";
const prefer = "test/e2e/requests/prefer-wait.test.ts";
const retries = "test/e2e/known-copies/retry.test.ts";
const instances = "test/contract/instances/find-instance.test.ts";
const runs = "test/contract/activities/runs-at-once.test.ts";
const secrets = "test/unit/settings/secret-settings.test.ts";

/** Mistakes in calls that are repeated with a key, in the rest that DELETE leaves, and in quotes of hosts. */
export const repeatedKeyMutants: readonly Mutant[] = [
  {
    breaks:
      "a repeated call that would be rejected with a new key does not get the copy of its key",
    file: claim,
    find: "if (claim === null) return prepared.ok ? keyReused() : prepared.response;",
    replace:
      "if (!prepared.ok) return prepared.response;\n  if (claim === null) return keyReused();",
    suites: [keys],
  },
  {
    breaks: "a repeated call has the destination that a new call would have",
    file: claim,
    find: "const first = at === call.now ? prepared",
    replace: "const first = at <= call.now ? prepared",
    suites: [keys],
  },
  {
    breaks: "the response to a repeated call is another caller's copy",
    file: claim,
    find: "if (!mayUse(request, earlier.instance.copy, deps.principals)) return",
    replace: 'if (path === "" && !mayUse(request, earlier.instance.copy, deps.principals)) return',
    suites: [keys],
  },
  {
    breaks: "a copy that was deleted since its claim was read is started again",
    file: "src/instances/start-instance.ts",
    find: "return record === null || record.outcome === null ?",
    replace: "return record === null || record.outcome === null || record.deletedAt !== null ?",
    suites: [keys],
  },
  {
    breaks: "a changed option of a route turns a repeated request into another one",
    file: "src/triggers/http/start-copy.ts",
    find: "isSet({ ...optionsOff, ...defaultOptions }, route.fixedOptions);",
    replace: "isSet({ ...optionsOff, ...defaultOptions }, route.fixedOptions.slice(9));",
    suites: [keys],
  },
  {
    breaks: "an instance of another request is shown as the copy",
    file: find,
    find: "!isOfOther(record, instance.copy) ? instance : null;",
    replace: "isOfOther(record, instance.copy) ? instance : instance;",
    suites: [instances],
  },
  {
    breaks: "the instance of a deleted copy is shown",
    file: find,
    find: "if (record !== null && record.deletedAt !== null) return null;",
    replace: 'if (record !== null && record.deletedAt === "") return null;',
    suites: [instances],
  },
  {
    breaks: "the record of a deleted copy keeps the sentences about it",
    file: record,
    find: "outcome: bareOutcome(outcome ?? abortedAt(toIso(now))),",
    replace: "outcome: outcome ?? bareOutcome(abortedAt(toIso(now))),",
    suites: [deleted, names],
  },
  {
    breaks: "a deleted copy stays in the queue",
    file: deletion,
    find: "if (place !== null) await ledger.queue.leave(place, id);",
    replace: "if (place !== null && id.length === 0) await ledger.queue.leave(place, id);",
    suites: [names],
  },
  {
    breaks: "DELETE forgets the copy before its key is closed",
    file: deletion,
    find: "if (!(await purgeHistories(client, id))) return notEnded(stillRunning);",
    replace:
      "if (!(await purgeHistories(client, id))) return notEnded(stillRunning);\n    await ledger.records.forget(id, deps.now());",
    suites: [names],
  },
  {
    breaks: "DELETE forgets a copy whose notification is not delivered, if its history was purged",
    file: deletion,
    find: "if (await ledger.outbox.has(id)) return",
    replace: "if (instance !== null && (await ledger.outbox.has(id))) return",
    suites: [names],
  },
  {
    breaks: "a list with a status leaves out copies whose record does not contain their end",
    file: "src/triggers/http/list-copies.ts",
    find: '|| copy.status === status || copy.status === "running") &&',
    replace: "|| copy.status === status) &&",
    suites: [lists],
  },
  {
    breaks: "a history that cannot be read counts as purged",
    file: "src/instances/read-history.ts",
    find: "if (response.status >= 300) {",
    replace: "if (response.status >= 600) {",
    suites: [timelines],
  },
  {
    breaks: "an abort is held until the copy has ended",
    file: "src/app.ts",
    find: "hold: (handler) => handler,",
    replace: "hold: holdCopy,",
    suites: [prefer],
  },
  {
    breaks: "the record of a copy that was not started does not name the copy that it repeats",
    file: "src/copy/contract/activities.ts",
    find: "...(retryOf === undefined ? {} : { retryOf }),",
    replace: "...(retryOf === undefined ? { retryOf } : {}) as object,",
    suites: [retries],
  },
  {
    breaks: "a late run removes a snapshot without the lock",
    file: resume,
    find: "const mayDiscard = isAllowed && isHeld &&",
    replace: "const mayDiscard = isAllowed && (isHeld || !isHeld) &&",
    suites: [runs],
  },
  {
    breaks: "a host with one label is quoted",
    file: characters,
    find: "labels.length > 1 &&",
    replace: "labels.length > 0 &&",
    suites: [secrets],
  },
  {
    breaks: "a host that ends in a piece of a key is quoted",
    file: characters,
    find: "/^(?:[a-z]{2,24}|\\d{1,3})$/i.test(last) &&",
    replace: "/^[a-z0-9]{2,24}$/i.test(last) &&",
    suites: [secrets],
  },
  {
    breaks: "a host with a label as long as a key is quoted",
    file: characters,
    find: 'label !== "" && label.length <= maxLabelLength',
    replace: 'label !== "" && label.length <= maxLabelLength + 23',
    suites: [secrets],
  },
];
