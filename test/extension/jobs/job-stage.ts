import { createHash, randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
  BlobServiceClient,
  ContainerSASPermissions,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import type { BlobItem, ContainerClient } from "@azure/storage-blob";
import { expect } from "vitest";
import { jobInstanceId } from "../../../src/names.ts";
import type { CopySettings } from "../../../src/local/storage/pending-copies/copy-settings.ts";
import { listExceeded, utf16Bytes } from "../../support/jobs/durable-limits.ts";
import { noon } from "../../support/stack/emulator.ts";
import { writeManyBlobs } from "../../support/stack/many-blobs.ts";
import { startExtensionStack } from "../support/extension-stack.ts";
import type { ExtensionStack } from "../support/extension-stack.ts";
import { account, ledgerContainer } from "../support/stack.ts";
import type { Json } from "../support/stack.ts";

export const objectCount = 2_000;
const otherAccount = "devstoreaccount2";
const [source, reports] = ["objects", "reports"];
const hour = 3_600_000;

/** The objects of every job, in the order of a listing. */
export const objectNames: readonly string[] = Array.from(
  { length: objectCount },
  (_, index) => `${String(index).padStart(4, "0")}.txt`,
);

/** Objects that exist at the destination of a job, and are older or newer than their source. */
export type Existing = { older: readonly string[]; newer: readonly string[] };
export const nothingExists: Existing = { older: [], newer: [] };

/** A job of all objects onto a container that only it uses. */
export type StagedJob = {
  target: string;
  existing: Existing;
  /** Whether its source is in another account. */
  isFar?: boolean;
  options?: Record<string, unknown>;
  concurrency?: number;
};

/** How Storage copies the object with this index of a job. */
export type Speeds = (target: string, index: number) => Partial<CopySettings>;

/** A stack with the objects of some jobs, and the blobs that already exist at their destinations. */
export async function startJobStage(
  { name, hubStorage }: { name: string; hubStorage: string },
  jobs: readonly StagedJob[],
  speeds: Speeds,
): Promise<ExtensionStack> {
  const at = (of: string, container = "") => `http://127.0.0.1:10000/${of}/${container}`;
  const stack = await startExtensionStack({
    name,
    hubStorage,
    events: false, // an event for each object would double the work of the suite
    fillStorage(file) {
      for (const of of [account, otherAccount]) {
        writeManyBlobs(file, { account: of, container: source, names: objectNames });
      }
      for (const { target: container, existing } of jobs) {
        writeManyBlobs(file, { account, container, names: existing.older, at: noon - hour });
        writeManyBlobs(file, { account, container, names: existing.newer, at: noon + hour });
      }
      writeManyBlobs(file, { account, container: reports, names: [] });
    },
    environment: {
      COPY_SECRET_KEYS: randomBytes(32).toString("base64"),
      COPY_ALLOWED: JSON.stringify([
        { from: at(account), to: at(account) },
        { from: at(otherAccount), to: at(account) },
        { from: at(account, source), to: at(account, reports), allow: ["report"] },
        { from: at(otherAccount, source), to: at(account, reports), allow: ["report"] },
      ]),
    },
  });
  stack.emulator.copies.forDestination = (target, blob) =>
    target === ledgerContainer ? undefined : speeds(target, objectNames.indexOf(blob));
  return stack;
}

/** Sends the request for a job until it is accepted; returns the job's id. */
export async function requestJob(
  stack: ExtensionStack,
  { target, isFar = false, options = {}, concurrency = 32 }: StagedJob,
): Promise<string> {
  const place = (container: string) => `${containerOf(stack, container).url}/`;
  const body = {
    source: isFar ? await farSource(stack) : place(source),
    destination: place(target),
    report: place(reports),
    options,
    concurrency,
  };
  const headers = { "idempotency-key": target };
  for (;;) {
    const response = await stack.call("POST", "/jobs", { body, headers }).catch(() => null);
    if (response?.status === 202 || response?.status === 200) return response.json.id;
    if (response !== null && response.status < 500) {
      throw new Error(`POST /jobs returned ${response.status}: ${response.text}`);
    }
    await pause(300);
  }
}

/** Sends an order to a job, again while the app does not respond: then it may have recorded the order before. */
export async function orderJob(stack: ExtensionStack, id: string, order: string): Promise<Json> {
  return await stack.until(`the job is ordered to ${order}`, async () => {
    const response = await stack.call("POST", `/jobs/${id}/${order}`).catch(() => null);
    if (response === null) return null;
    if (response.status === 202 || response.status === 200) return response.json;
    if (response.status < 500) throw new Error(`${order} returned ${response.text}`);
    return null;
  });
}

/** Waits until the job is as `isReached` says, and returns it. `meanwhile` runs before each further read. */
export async function untilJob(
  stack: ExtensionStack,
  id: string,
  isReached: (job: Json) => boolean,
  { meanwhile = async () => {} }: { meanwhile?: () => Promise<void> } = {},
): Promise<Json> {
  let last: Json;
  const read = async () => {
    const response = await stack.call("GET", `/jobs/${id}`).catch(() => null);
    if (response?.status === 200) last = response.json;
    if (response?.status === 200 && isReached(last)) return last;
    await meanwhile();
    return null;
  };
  return await stack.until(`job ${id}`, read, maxWaitMs).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(last)}`, { cause: error });
  });
}

/** They only end a test that hangs: machines are slow. */
const maxWaitMs = 600_000;
export const maxTestMs = 1_200_000;

export const hasEnded = ({ completedAt }: Json): boolean => completedAt !== null;

/** How often Storage has accepted a copy of each object of a job, by name. */
export function startsOf({ begunAt }: ExtensionStack, { target }: StagedJob): Map<string, number> {
  const starts = new Map<string, number>();
  const folder = `/${account}/${target}/`;
  for (const path of begunAt) {
    if (!path.startsWith(folder)) continue;
    const name = path.slice(folder.length);
    starts.set(name, (starts.get(name) ?? 0) + 1);
  }
  return starts;
}

/** A line of a report, without what the tests do not compare. */
export type ReportLine = { name: string; outcome: string; cause?: string };

/**
 * Reads the report of an ended job, and checks it: one line for each object, in order; its totals are the sum of its
 * lines and the counters of the job; its hashes are right; and each line matches the object at the destination.
 */
export async function expectExactReport(
  stack: ExtensionStack,
  job: Json,
  { target }: StagedJob,
): Promise<ReportLine[]> {
  const read = async (file: string) =>
    (await stack.blob(`${reports}/${job.id}/${file}`).downloadToBuffer()).toString();
  const manifest = JSON.parse(await read("manifest.json"));
  expect(manifest).toMatchObject({ job: job.id, status: job.status, complete: true });
  const lines: Json[] = [];
  for (const part of manifest.parts) {
    const text = await read(part.name);
    expect(createHash("sha256").update(text).digest("hex")).toBe(part.sha256);
    const ofPart = text.trimEnd().split("\n");
    expect(ofPart).toHaveLength(part.lines);
    lines.push(...ofPart.map((line) => JSON.parse(line)));
  }
  const nameOf = ({ destination }: Json): string => destination.split(`/${target}/`)[1];
  expect(lines.map(nameOf)).toEqual(objectNames);

  const count = (outcome: string) => lines.filter((line) => line.outcome === outcome).length;
  const { objects } = job;
  const counted = { copied: count("copied"), skipped: count("skipped"), failed: count("failed") };
  const unfinished = { aborted: count("aborted"), notStarted: count("not-started") };
  expect(manifest.totals).toMatchObject({ objects: objectCount, ...counted, ...unfinished });
  expect(objects).toMatchObject({ planned: objectCount, ...counted, ...unfinished });
  expect(objects).toMatchObject({ pending: 0, remaining: 0 });
  expect(manifest.totals.bytesCopied).toBe(counted.copied); // each has one byte
  expect(job.bytes).toEqual({ planned: objectCount, copied: counted.copied });

  const there = new Map<string, BlobItem>();
  const listing = containerOf(stack, target).listBlobsFlat({ includeCopy: true });
  for await (const blob of listing) there.set(blob.name, blob);
  for (const line of lines) {
    const blob = there.get(nameOf(line))?.properties;
    const about = JSON.stringify({ line, blob });
    if (line.outcome === "copied") {
      const found = { etag: blob?.etag, copyId: blob?.copyId, status: blob?.copyStatus };
      const reported = { etag: line.destinationEtag, copyId: line.copyId, status: "success" };
      expect(found, about).toEqual(reported);
      expect(blob?.contentLength, about).toBe(1);
    } else {
      // What existed, without a trace of a copy; or nothing.
      expect(blob !== undefined, about).toBe(/^(skipped|failed)$/.test(line.outcome));
      expect(blob?.copyId, about).toBeUndefined();
    }
  }
  return lines.map((line) => ({ name: nameOf(line), ...line }));
}

function containerOf({ emulator }: ExtensionStack, name: string, of = account): ContainerClient {
  const key = emulator.accounts.find((each) => each.name === of)?.key ?? "";
  const credential = new StorageSharedKeyCredential(of, key);
  const service = new BlobServiceClient(`${emulator.blobUrl}/${of}`, credential);
  return service.getContainerClient(name);
}

/** The objects in the other account, with a SAS, because the app has no identity here. */
async function farSource(stack: ExtensionStack): Promise<string> {
  return await containerOf(stack, source, otherAccount).generateSasUrl({
    permissions: ContainerSASPermissions.parse("rl"),
    startsOn: new Date(stack.now() - hour),
    expiresOn: new Date(stack.now() + 24 * hour),
  });
}

/** No more events, and no longer texts, than Durable takes without a detour; the ids of the instances are from 1. */
export async function expectWithinDurableLimits(stack: ExtensionStack, id: string): Promise<void> {
  for (let generation = 1; ; generation++) {
    const path = `instances/${jobInstanceId(id, generation)}`;
    const query = "showHistory=true&showHistoryOutput=true&showInput=true";
    const { status, json } = await stack.until(`${path} is read`, async () => {
      const response = await stack.manage("GET", `${path}?${query}`).catch(() => null);
      return response === null || response.status >= 500 ? null : response;
    });
    if (status === 404) {
      expect(generation).toBeGreaterThan(1);
      return;
    }
    const { historyEvents, customStatus, input, output } = json;
    const sizes = {
      events: historyEvents.length,
      customStatusBytes: sizeOf(customStatus),
      messageBytes: Math.max(...[input, output, ...historyEvents].map(sizeOf)),
    };
    expect(listExceeded(sizes)).toEqual([]);
  }
}

const sizeOf = (json: Json) => utf16Bytes(JSON.stringify(json ?? null));

/** The blobs of task hubs with messages that were too long for a queue; `name` is a stack's. */
export async function listLongMessages(hubStorage: string, name: string): Promise<string[]> {
  const service = BlobServiceClient.fromConnectionString(hubStorage);
  const long: string[] = [];
  for await (const container of service.listContainers({ prefix: `t${name}` })) {
    if (!container.name.endsWith("-largemessages")) continue;
    const blobs = service.getContainerClient(container.name).listBlobsFlat();
    for await (const blob of blobs) long.push(blob.name);
  }
  return long;
}
