import { createHash } from "node:crypto";
import type { BlobItem, ContainerClient } from "@azure/storage-blob";
import type { JobView } from "../../../src/instances/job-view.ts";

/** What a job copied, and the containers of its destination and of its report. */
export type CheckedJob = {
  job: JobView;
  objects: number;
  bytesEach: number;
  destination: ContainerClient;
  /** The prefix of the job's destination in its container. */
  target: string;
  reports: ContainerClient;
};

/** The sums of a report's lines. */
export type ReportSums = { parts: number; lines: number; bytes: number };

type Part = { name: string; lines: number; bytes: number; sha256: string };
type Line = {
  outcome: string;
  source: string;
  destination: string;
  bytes: number;
  copyId: string;
  destinationEtag: string;
};

/**
 * Compares the report of a job that has copied all its objects with the listing of its destination: both are read in
 * the order of names, a page and a part at a time, and each line must be about the next blob. Checks the names, sizes
 * and hashes of the parts, the totals of the manifest and the counters of the job. Throws at the first difference.
 */
export async function checkReport(checked: CheckedJob): Promise<ReportSums> {
  const { job, objects, bytesEach, destination, target, reports } = checked;
  const read = async (file: string) =>
    await reports.getBlobClient(`${job.id}/${file}`).downloadToBuffer();
  const manifest = JSON.parse((await read("manifest.json")).toString());
  const parts: Part[] = manifest.parts; // compared with the files below
  const files = ["manifest.json", ...parts.map(({ name }) => name), "request.json"];
  expectSame("the files of the report", await listNames(reports, `${job.id}/`), files);

  const blobs = destination.listBlobsFlat({ prefix: `${target}/`, includeCopy: true });
  const listing = blobs[Symbol.asyncIterator]();
  const sums = { parts: parts.length, lines: 0, bytes: 0 };
  for (const part of parts) {
    const content = await read(part.name);
    const lines = content.toString().trimEnd().split("\n");
    const sha256 = createHash("sha256").update(content).digest("hex");
    const { name } = part;
    expectSame(name, { name, lines: lines.length, bytes: content.length, sha256 }, part);
    for (const text of lines) {
      const line: Line = JSON.parse(text); // each of its fields is compared
      const next = await listing.next();
      expectCopy(checked, line, next.done === true ? null : next.value);
      sums.lines++;
      sums.bytes += line.bytes;
    }
  }
  const beyond = await listing.next();
  if (beyond.done !== true) {
    throw new Error(`Cannot find a line of the report about the blob ${beyond.value.name}`);
  }
  const bytes = objects * bytesEach;
  expectSame("the sum of the lines", sums, { parts: parts.length, lines: objects, bytes });
  const none = { skipped: 0, failed: 0, aborted: 0, notStarted: 0 };
  const totals = { objects, copied: objects, bytesCopied: bytes, ...none };
  expectSame("the totals of the manifest", manifest.totals, totals);
  const { status, complete } = manifest;
  const whole = { job: job.id, status: "succeeded", complete: true };
  expectSame("the manifest", { job: manifest.job, status, complete }, whole);
  const counters = { planned: objects, leftOut: 0, copied: objects, pending: 0, ...none };
  expectSame("the counters of the job", job.objects, { ...counters, remaining: 0 });
  expectSame("the bytes of the job", job.bytes, { planned: bytes, copied: bytes });
  return sums;
}

/** Throws unless the line is about this blob, and a copy of the blob of the same name wrote it. */
function expectCopy({ job, bytesEach }: CheckedJob, line: Line, blob: BlobItem | null): void {
  const { outcome, source, destination, bytes, copyId, destinationEtag: etag } = line;
  const { name = "", properties } = blob ?? {};
  const shortName = name.slice(name.lastIndexOf("/") + 1);
  expectSame(
    `the line about ${destination}`,
    { outcome, source, destination, bytes, etag, copyId, copyStatus: "success" },
    {
      outcome: "copied",
      source: `${job.source}${shortName}`,
      destination: `${job.destination}${shortName}`,
      bytes: bytesEach,
      etag: properties?.etag,
      copyId: properties?.copyId,
      copyStatus: properties?.copyStatus,
    },
  );
  expectSame(`the length of ${name}`, properties?.contentLength, bytesEach);
}

async function listNames(container: ContainerClient, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of container.listBlobsFlat({ prefix })) {
    names.push(name.slice(prefix.length));
  }
  return names;
}

/** Compares without a test library, because there are millions of lines. The order of fields does not matter. */
function expectSame(subject: string, found: unknown, expected: unknown): void {
  const [actual, wanted] = [found, expected].map((value) => JSON.stringify(value, sortFields));
  if (actual === wanted) return;
  throw new Error(`Cannot accept ${subject} because it is ${actual}, not ${wanted}`);
}

function sortFields(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
