import type { Mutant } from "../mutant.ts";

const fields = "test/contract/activities/strange-fields.test.ts";
const orchestrations = "test/e2e/access/strange-orchestration.test.ts";
const claims = "test/contract/activities/strange-claims.test.ts";
const locks = "test/contract/activities/strange-locks.test.ts";
const instances = "test/e2e/access/strange-instances.test.ts";
const endpoints = "test/unit/copy/location/trusted-endpoint.test.ts";
const resend = "test/contract/triggers/resend-notifications.test.ts";

/** Mistakes in the checks of inputs that a client with access to the task hub can pass. */
export const strictMutants: readonly Mutant[] = [
  {
    breaks: "activities accept any string as the id of a copy",
    file: "src/copy/contract/stored-shapes.ts",
    find: "export const instanceId = z.string().refine(isInstanceId);",
    replace:
      "export const instanceId = z.string().refine((id) => isInstanceId(id) || id !== id.trim() + id);",
    suites: [fields],
  },
  {
    breaks: "activities run with inputs that were not parsed",
    file: "src/activities/create-activities.ts",
    find: "const input = parse(json);",
    replace: "const input = parse(json) ?? json;",
    suites: [fields],
  },
  {
    breaks: "an option that is not stored completely is accepted",
    file: "src/copy/contract/stored-shapes.ts",
    find: "  options: storedOptionsShape,",
    replace: "  options: storedOptionsShape.partial(),",
    suites: [fields],
  },
  {
    breaks: "metadata of an input is not checked",
    file: "src/copy/request/copy-options.ts",
    find: 'parseMetadata(json, "", String).problems.length === 0',
    replace: 'parseMetadata(json, "", String).problems.length >= 0',
    suites: [fields],
  },
  {
    breaks: "any blob of the account is used as one of the ledger",
    file: "src/ledger/conditional-blobs.ts",
    find: "const nameForm = /^[\\w-]+(?:\\/[\\w-]+)+$/;",
    replace: "const nameForm = /^[\\w-]+(?:\\/[\\w.-]+)+$/;",
    suites: ["test/contract/ledger/names.test.ts"],
  },
  {
    breaks: "an input with a route has options that differ from the route's",
    file: "src/copy/routing/copy-access.ts",
    find: "if (changed.length > 0) {",
    replace: "if (changed.length > 9) {",
    suites: [orchestrations],
  },
  {
    breaks: "the order of an option's fields is compared",
    file: "src/copy/routing/copy-access.ts",
    find: "toSorted(([a], [b]) => (a < b ? -1 : 1))",
    replace: "slice()",
    suites: [orchestrations],
  },
  {
    breaks: "a copy that is not allowed releases the leases of others",
    file: "src/activities/support/source-lease.ts",
    find: "if (!isAllowed && !(await mayHoldLease(deps, { instanceId, copy }))) {",
    replace: "if (!isAllowed && !((await mayHoldLease(deps, { instanceId, copy })) || true)) {",
    suites: [claims],
  },
  {
    breaks: "the lease of a request without a lock is not released",
    file: "src/activities/support/source-lease.ts",
    find: "record.source === url) return true;",
    replace: "record.source === url) return false;",
    suites: [claims],
  },
  {
    breaks: "settle cleans up the destination if its input has an ETag of the lock",
    file: "src/activities/settle.ts",
    find: "isHeld = held !== null;",
    replace: 'isHeld = held !== null || typeof kept?.lock === "string";',
    suites: [locks],
  },
  {
    breaks: "settle releases the lock with the ETag in its input, after a clean-up",
    file: "src/activities/settle.ts",
    find: "lock = held?.etag ?? null;",
    replace: "lock = held?.etag ?? lock;",
    suites: [locks],
  },
  {
    breaks: "settle cleans up under the lock of another copy",
    file: "src/activities/support/destination-queue.ts",
    find: "if (held === null || held.instanceId !== instanceId) return null;",
    replace: "if (held === null || held.instanceId.slice(99) === instanceId) return null;",
    suites: [locks],
  },
  {
    breaks: "settle cleans up under a lock whose request differs from the record's",
    file: "src/activities/support/destination-queue.ts",
    find: "|| isOfOther(record, held.copy)) return null;",
    replace: "|| isOfOther(newRecord(held.copy), held.copy)) return null;",
    suites: [locks],
  },
  {
    breaks: "settle cleans up although the lock has a different source",
    file: "src/activities/support/destination-queue.ts",
    find: "endpointUrl(source) === endpointUrl(copy.source) &&",
    replace: "endpointUrl(source) !== endpointUrl(copy.destination) &&",
    suites: [locks],
  },
  {
    breaks: "settle cleans up although the lock's copy has no rollback",
    file: "src/activities/support/destination-queue.ts",
    find: "rollsBack === copy.rollsBack;",
    replace: "typeof rollsBack !== 'string';",
    suites: [locks],
  },
  {
    breaks: "settle trusts its input about the copy that was started",
    file: "src/activities/settle.ts",
    find: "if (copyId !== null && copyId !== record.copyId)",
    replace: "if (copyId !== null && copyId === null)",
    suites: [claims],
  },
  {
    breaks: "settle removes a blob that another copy has written since",
    file: "src/activities/settle.ts",
    find: "if (seen?.copy?.copyId === copyId && seen.etag === left.etag) {",
    replace: "if (seen !== null) {",
    suites: [claims],
  },
  {
    breaks: "a selector of any form is accepted",
    file: "src/copy/location/trusted-endpoint.ts",
    find: "z.string().regex(storageTime).exactOptional()",
    replace: "z.string().exactOptional()",
    suites: [endpoints],
  },
  {
    breaks: "a snapshot is accepted as a destination",
    file: "src/copy/location/trusted-endpoint.ts",
    find: '    !("snapshot" in endpoint) &&',
    replace: "",
    suites: [endpoints],
  },
  {
    breaks: "a secondary is accepted as a destination",
    file: "src/copy/location/trusted-endpoint.ts",
    find: "    !endpoint.secondary &&",
    replace: "",
    suites: [endpoints],
  },
  {
    breaks: "an endpoint that is called a secondary is on any host",
    file: "src/copy/location/trusted-endpoint.ts",
    find: "    host.secondary === secondary &&",
    replace: "",
    suites: [endpoints],
  },
  {
    breaks: "the names of a running copy's destination are not checked",
    file: "src/activities/support/access.ts",
    find: "return isWellFormedDestination(destination, origins) ? null",
    replace:
      "return isWellFormedDestination(destination, origins) || isOnStorageHost(destination, origins.emulator) ? null",
    suites: [fields],
  },
  {
    breaks: "a sealed SAS opens for any URL",
    file: "src/secrets/seal.ts",
    find: "${endpointUrl(endpoint)}`",
    replace: "${endpointUrl(endpoint).length}`",
    suites: ["test/unit/secrets/seal.test.ts"],
  },
  {
    breaks: "an entry without a copy stops the outbox",
    file: "src/ledger/outbox.ts",
    find: "const copy = parseCopyInput(entry.content?.copy);",
    replace:
      'const copy = parseCopyInput(entry.content?.copy);\n    if (copy === null) throw new TypeError("no copy");',
    suites: [resend],
  },
  {
    breaks: "an entry that is not JSON stops the outbox",
    file: "src/ledger/outbox.ts",
    find: "if (error instanceof DamagedBlobError) return unreadable;",
    replace: "if (error instanceof TypeError) return unreadable;",
    suites: [resend],
  },
  {
    breaks: "an instance with any input is shown as a copy",
    file: "src/instances/find-instance.ts",
    find: "if (copy === null) return null;",
    replace: 'if (copy === null) throw new TypeError("no copy");',
    suites: [instances],
  },
  {
    breaks: "a repair of another copy is shown",
    file: "src/instances/find-instance.ts",
    find: "return input?.instanceId === id ? input.copy : null;",
    replace: "return input === null ? null : input.copy;",
    suites: [instances],
  },
];
