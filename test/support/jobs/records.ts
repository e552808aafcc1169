import { optionsOff } from "../../../src/copy/request/copy-options.ts";
import { selectAll } from "../../../src/jobs/contract/job-input.ts";
import type { JobInput } from "../../../src/jobs/contract/job-input.ts";
import { epochMs } from "../../../src/copy/time.ts";
import type { ListedBlob } from "../../../src/jobs/contract/storage.ts";
import type { JobRecord } from "../../../src/jobs/contract/job-record.ts";
import { newJobRecord } from "../../../src/jobs/decisions/job-status.ts";
import { pickOptions } from "../../../src/jobs/request/job-request.ts";

const place = (account: string, container: string, prefix: string) => ({
  container: {
    service: "blob" as const,
    origin: `https://${account}.blob.core.windows.net`,
    account,
    container,
    secondary: false,
    emulated: false,
  },
  prefix,
});

/** A job from `inbox/2026/` of one account to `archive/` of another. */
export const anInput: JobInput = {
  source: place("acct1", "inbox", "2026/"),
  destination: place("acct2", "archive", ""),
  sourceSas: null,
  destinationSas: null,
  select: selectAll,
  options: pickOptions(optionsOff),
  concurrency: 32,
  maxFailures: null,
  report: null,
  createdAt: "2026-01-01T00:00:00.000Z",
};

export function newRecord(changes: Partial<JobInput> = {}): JobRecord {
  return newJobRecord({ ...anInput, ...changes }, false);
}

/** A block blob of ten bytes, as a listing returns it. */
export function aListedBlob(name: string, changes: Partial<ListedBlob> = {}): ListedBlob {
  return {
    name,
    etag: "0x1",
    length: 10,
    lastModified: epochMs(2_000),
    blobType: "BlockBlob",
    tier: "Hot",
    isTierInferred: true,
    archived: false,
    contentMd5: null,
    isLeased: false,
    tagCount: 0,
    tags: {},
    isRetained: false,
    isFolder: false,
    copy: null,
    ...changes,
  };
}
