import type { Mutant } from "../mutant.ts";

const records = "src/ledger/records.ts";
const deletion = "src/triggers/http/delete-copy.ts";
const resume = "src/activities/starting/resume.ts";
const query = "src/secrets/selecting-query.ts";

const meanwhile = "test/contract/activities/deleted-meanwhile.test.ts";
const stays = "test/e2e/known-copies/deleted-meanwhile.test.ts";
const resends = "test/contract/triggers/resend-notifications.test.ts";
const suite = "test/contract/ledger/ledger-emulator.test.ts";
const external = "test/e2e/keys/external-keys.test.ts";
const selecting = "test/unit/secrets/selecting-query.test.ts";

/** Mistakes that bring a deleted copy back, and in the keys of requests with a source outside Storage. */
export const deletedCopyMutants: readonly Mutant[] = [
  {
    breaks: "a running step changes the record of a deleted copy",
    file: records,
    find: "if (record !== null && isDeleted(record)) return record;",
    replace:
      "if (record === null && known !== undefined) return { ...emptyRecord, etag: deletedEtag };",
    suites: [suite, stays],
  },
  {
    breaks: "a write with the ETag of a deleted copy's record replaces it",
    file: records,
    find: "const etag = isDeleted(record) ? deletedEtag : found.etag;",
    replace:
      "const etag = isDeleted(record) && found.etag === deletedEtag ? deletedEtag : found.etag;",
    suites: [suite],
  },
  {
    breaks: "a settlement leaves the notification of a deleted copy in the outbox",
    file: "src/activities/settle.ts",
    find: "if (isDeleted(current)) await",
    replace: "if (isDeleted(current) && current.outcome === null) await",
    suites: [meanwhile],
  },
  {
    breaks: "a late start leaves the notification of a deleted copy in the outbox",
    file: resume,
    find: "if (isDeleted(record)) await",
    replace: "if (isDeleted(record) && record.outcome === null) await",
    suites: [meanwhile],
  },
  {
    breaks: "a notification that a step adds during the DELETE stays in the outbox",
    file: deletion,
    find: "    await ledger.outbox.remove(id);\n",
    replace: "",
    suites: [meanwhile],
  },
  {
    breaks: "the notification of a deleted copy is sent by a repair",
    file: "src/triggers/timers/resend-notifications.ts",
    find: "if (isDeleted(record)) return await",
    replace: "if (isDeleted(record) && record.outcome === null) return await",
    suites: [resends],
  },
  {
    breaks: "a copy that a step starts during the DELETE is deleted instead of followed",
    file: deletion,
    find: "return (await ledger.records.write(id, ended, known?.etag ?? null)) !== null;",
    replace:
      "await ledger.records.change(id, undefined, (record) =>\n    withOutcome(withPlace(record, copy), outcome),\n  );\n  return ended !== known;",
    suites: [meanwhile],
  },
  {
    breaks: "a step that fails after the DELETE leaves its place in the queue",
    file: "src/activities/start.ts",
    find: "    if (isDeleted(record)) {\n",
    replace: "    if (isDeleted(record) && record.lock !== null) {\n",
    suites: [meanwhile],
  },
  {
    breaks: "the query of a source outside Storage is not compared",
    file: "src/triggers/http/start-copy.ts",
    find: 'source.service === "external" && sourceSas !== null;',
    replace: 'source.service !== "external" && sourceSas !== null;',
    suites: [external],
  },
  {
    breaks: "a repeated request is rejected after a key was added to COPY_SECRET_KEYS",
    file: "src/triggers/http/claim-instance.ts",
    find: "return [fingerprint, ...otherFingerprints].includes(claim.fingerprint);",
    replace: "return [fingerprint, ...otherFingerprints].indexOf(claim.fingerprint) === 0;",
    suites: [external],
  },
  {
    breaks: "a parameter counts as part of a signature that the query does not have",
    file: query,
    find: "requires.every((name) => names.has(name))",
    replace: "requires.some((name) => names.has(name))",
    suites: [selecting],
  },
  {
    breaks: "a URL that was signed again is another request",
    file: query,
    find: "!signed.some((signing) => signing.has(name))",
    replace: "!signed.every((signing) => signing.has(name))",
    suites: [selecting],
  },
];
