import type { Mutant } from "../mutant.ts";

const writtenUrls = "test/unit/copy/location/written-urls.test.ts";
const storageHosts = "test/unit/copy/location/storage-hosts.test.ts";
const storageEvents = "test/unit/copy/routing/storage-event.test.ts";
const decodedNames = "test/unit/copy/location/decoded-names.test.ts";
const names = "test/unit/copy/location/names.test.ts";
const requests = "test/e2e/requests/written-urls.test.ts";
const events = "test/e2e/events/unusable-events.test.ts";
const disks = "test/e2e/copies/storage-hosts.test.ts";
const busy = "test/e2e/copies/busy.test.ts";

/** Mistakes in URLs, names, hosts, and the events of blobs. */
export const nameMutants: readonly Mutant[] = [
  {
    breaks: "control characters in a URL are not rejected",
    file: "src/copy/location/written-url.ts",
    find: "text.match(/[\\u0000-\\u001f\\u007f\\\\]|\\p{Surrogate}/gu)",
    replace: "text.match(/[\\\\]|\\p{Surrogate}/gu)",
    suites: [writtenUrls],
  },
  {
    breaks: "a space at the end of a URL without a query is not rejected",
    file: "src/copy/location/written-url.ts",
    find: 'if (text.endsWith(" ")) {',
    replace: 'if (text.endsWith("  ")) {',
    suites: [writtenUrls],
  },
  {
    breaks: "spaces around a URL without a query are removed",
    file: "src/copy/location/written-url.ts",
    find: "const url = hasQuery.test(text) ?",
    replace: 'const url = hasQuery.test(text) || text !== "" ?',
    suites: [writtenUrls],
  },
  {
    breaks: "the path is taken from the repaired URL",
    file: "src/copy/location/written-url.ts",
    find: 'path: path === "" ? "/" : path,',
    replace: "path: new URL(`https://host${path}`).pathname,",
    suites: [writtenUrls],
  },
  {
    breaks: "a dot segment is rejected only before it is decoded again",
    file: "src/copy/location/storage-names.ts",
    find: "else if (decoded.some(isDotSegment)) {",
    replace: "else if (hasDotSegment(path)) {",
    suites: [names],
  },
  {
    breaks: "a decoded character does not complete a percent-encoding before it",
    file: "src/copy/location/storage-names.ts",
    find: "for (let byte = byteAtEnd(decoded); byte !== null; byte = byteAtEnd(decoded)) {",
    replace: "for (let byte = byteAtEnd(decoded); byte !== null; byte = null) {",
    suites: [decodedNames],
  },
  {
    breaks: "a path outside Storage that cannot be decoded twice is accepted",
    file: "src/copy/location/external-path.ts",
    find: "if (next === null) return null;",
    replace: "if (next === null) return readings;",
    suites: [writtenUrls],
  },
  {
    breaks: "outside Storage, wide dots and slashes count as plain letters",
    file: "src/copy/location/external-path.ts",
    find: 'part.normalize("NFKC")',
    replace: 'part.normalize("NFC")',
    suites: [writtenUrls],
  },
  {
    breaks: "outside Storage, every path may be ambiguous, with any pair",
    file: "src/copy/location/parse-endpoint.ts",
    find: "if (wholeExternal?.includes(url.origin) !== true) {",
    replace: "if (wholeExternal?.includes(url.origin) === false && url.origin === '') {",
    suites: [writtenUrls],
  },
  {
    breaks:
      "a folder outside Storage contains ambiguous paths if another pair has the whole origin",
    file: "src/copy/request/access-policy.ts",
    find: "escapingPathProblems(endpoint.path).length > 0) {",
    replace: "escapingPathProblems(endpoint.path).length > 1) {",
    suites: ["test/unit/copy/location/endpoint.test.ts"],
  },
  {
    breaks: "the limit of x-ms-copy-source is not applied to sources",
    file: "src/copy/location/parse-endpoint.ts",
    find: "return parsed.ok ? limitCopySource(parsed) : parsed;",
    replace: "return parsed;",
    suites: [requests],
  },
  {
    breaks: "a source whose URL is too long with the minted SAS is sent to Storage",
    file: "src/activities/starting/ready-source.ts",
    find: "if (length <= maxCopySourceLength) return null;",
    replace: "if (length <= maxCopySourceLength * 2) return null;",
    suites: [requests],
  },
  {
    breaks: "the ledger cannot write the record of a copy with a long name",
    file: "src/ledger/record.ts",
    find: "return url.length <= maxColumnLength ?",
    replace: "return url.length > 0 ?",
    suites: [requests],
  },
  {
    breaks: "the hosts of one account have several locks",
    file: "src/copy/location/storage-hosts.ts",
    find: "return host === null ? origin : `https://${host.ownHost}`;",
    replace: "return host === null ? `https://${String(host)}` : origin;",
    suites: [storageHosts],
  },
  {
    breaks: "the names a//b and a/b have two locks",
    file: "src/ledger/destinations/destination-names.ts",
    find: "hash(lockIdentityOf(destination))",
    replace: "hash(lockIdentityOf(destination) + destination.path)",
    suites: [requests],
  },
  {
    breaks: "a blob is copied onto itself under a name with other slashes",
    file: "src/copy/request/option-rules.ts",
    find: "if (differOnlyInSlashes(source, destination)) {",
    replace: "if (differOnlyInSlashes(source, destination) && isOntoItself(source, destination)) {",
    suites: [requests],
  },
  {
    breaks: "a delegation key is requested from a managed disk's account",
    file: "src/storage/sas-mint.ts",
    find: "isIdentified(source) && !isManagedDisk(source),",
    replace: "isIdentified(source) && (!isManagedDisk(source) || true),",
    suites: [storageHosts],
  },
  {
    breaks: "a delegation key is requested from the secondary",
    file: "src/storage/sas-mint.ts",
    find: 'replace(/-secondary(?=[.-])/, "")',
    replace: 'replace(/-tertiary(?=[.-])/, "")',
    suites: [disks],
  },
  {
    breaks: "the export of a managed disk is outside Storage",
    file: "src/copy/location/storage-hosts.ts",
    find: 'if (diskName.test(name) && service === "blob") {',
    replace: 'if (diskName.test(name) && service === "disk") {',
    suites: [storageHosts],
  },
  {
    breaks: "a source that was not read counts as a block blob",
    file: "src/copy/decisions/plan.ts",
    find: 'source === null ? null : (source.blobType ?? "BlockBlob")',
    replace: 'source === null ? "BlockBlob" : (source.blobType ?? "BlockBlob")',
    suites: ["test/unit/copy/decisions/plan.test.ts"],
  },
  {
    breaks: "PendingCopyOperation for a read of the destination is not recognized",
    file: "src/copy/decisions/storage-errors.ts",
    find: "[reading, null, /^PendingCopyOperation$/,",
    replace: "[reading, null, /^PendingCopyOperations$/,",
    suites: [busy],
  },
  {
    breaks: "ifBusy is ignored where the destination cannot be read because of a pending copy",
    file: "src/activities/starting/plan-copy.ts",
    find: 'reason.cause !== "destination-busy" || options.ifBusy === "fail"',
    replace: 'reason.cause !== "destination-busy" || options.ifBusy !== "fail"',
    suites: [busy],
  },
  {
    breaks: "a name in an event is decoded although its subject has it unencoded",
    file: "src/copy/routing/storage-event.ts",
    find: "each === raw || each === decoded",
    replace: "each === decoded",
    suites: [storageEvents],
  },
  {
    breaks: "an activity does not check the names in its input",
    file: "src/copy/location/well-named.ts",
    find: "blobNameProblems(path).length === 0",
    replace: "blobNameProblems(path).length >= 0",
    suites: ["test/contract/activities/names-again.test.ts"],
  },
  {
    breaks: "the event of a blob whose name is unusable is not reported",
    file: "src/triggers/events/storage-event-trigger.ts",
    find: "const reasons = await report(event);",
    replace: "const reasons = route === null ? await report(event) : [];",
    suites: [events],
  },
  {
    breaks: "a report that no target accepts is lost",
    file: "src/triggers/events/storage-event-trigger.ts",
    find: "if (reasons.length > 0) {",
    replace: "if (reasons.length > 9) {",
    suites: [events],
  },
  {
    breaks: "a log line contains the control characters of a blob's name",
    file: "src/copy/routing/storage-event.ts",
    find: "return printable(`${serviceUrl(blob)}",
    replace: "return String(`${serviceUrl(blob)}",
    suites: [storageEvents],
  },
];
