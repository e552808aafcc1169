import { spawn } from "node:child_process";
import {
  AccountSASPermissions,
  ContainerSASPermissions,
  type BlobServiceClient,
  type ContainerClient,
} from "@azure/storage-blob";
import type { JobView } from "../../../src/instances/job-view.ts";
import { blobBytes, inParallel, numbers, storageOf } from "../price/contestants.ts";
import type { PriceStack } from "../price/stack.ts";

/**
 * The blobs `inbox/<number>` of the first account, and where a contestant copies them: to `target/<number>`, in the
 * first account or in the second.
 */
export type JobLoad = { copies: number; target: string; isFar: boolean; isPending: boolean };

/** Copies all blobs of the load; `storage` has the clients of both accounts. */
export type JobContestant = (storage: JobStorageClients, load: JobLoad) => Promise<void>;

export type JobStorageClients = { near: BlobServiceClient; far: BlobServiceClient };

/** The number of concurrent copies, which is the default of a job. */
export const atATime = 32;
const uploadsAtATime = 16;
const pollMs = 100;
const day = 24 * 60 * 60 * 1_000;

export function clientsOf({ emulator }: PriceStack): JobStorageClients {
  const { account, otherAccount, blobUrl } = emulator.ready;
  return {
    near: storageOf({ blobUrl, account }),
    far: storageOf({ blobUrl, account: otherAccount }),
  };
}

export async function prepareInbox({ near, far }: JobStorageClients, copies: number) {
  for (const service of [near, far]) {
    for (const name of ["inbox", "copies"]) {
      await service.getContainerClient(name).createIfNotExists();
    }
  }
  const inbox = near.getContainerClient("inbox");
  await inParallel(numbers(copies), uploadsAtATime, async (number) => {
    await inbox.getBlockBlobClient(nameOf(number)).uploadData(Buffer.alloc(blobBytes, "x"));
  });
}

/** Throws unless all blobs of the load are at their destinations, written by a copy that succeeded. */
export async function checkLoad(storage: JobStorageClients, load: JobLoad): Promise<void> {
  const options = { prefix: `${load.target}/`, includeCopy: true };
  let whole = 0;
  for await (const { properties } of destinationOf(storage, load).listBlobsFlat(options)) {
    if (properties.copyStatus === "success" && properties.contentLength === blobBytes) whole++;
  }
  if (whole !== load.copies) {
    throw new Error(`Only ${whole} of ${load.copies} copies to ${load.target} succeeded`);
  }
}

/**
 * The same calls as the job, in a loop of a script: no plan, no conditions, no record, no report. It knows the names of
 * the blobs.
 */
export const plainLoop: JobContestant = async (storage, load) => {
  const copy = await plainCopy(storage, load);
  await inParallel(numbers(load.copies).map(nameOf), atATime, copy);
};

/** The same loop without the names: it lists the container, page by page. */
export const listingLoop: JobContestant = async (storage, load) => {
  const copy = await plainCopy(storage, load);
  const inbox = storage.near.getContainerClient("inbox");
  let left = load.copies;
  for await (const { segment } of inbox.listBlobsFlat().byPage({ maxPageSize: 5_000 })) {
    const names = segment.blobItems.slice(0, left).map(({ name }) => name);
    await inParallel(names, atATime, copy);
    left -= names.length;
    if (left === 0) return;
  }
};

async function plainCopy(
  storage: JobStorageClients,
  load: JobLoad,
): Promise<(name: string) => Promise<void>> {
  const container = destinationOf(storage, load);
  const inbox = storage.near.getContainerClient("inbox");
  const query = load.isFar ? `?${await sasOf(inbox)}` : "";
  return async (name) => {
    const source = `${inbox.getBlobClient(name).url}${query}`;
    const blob = container.getBlobClient(`${load.target}/${name}`);
    if (load.isFar) await blob.syncCopyFromURL(source);
    else await (await blob.beginCopyFromURL(source, { intervalInMs: pollMs })).pollUntilDone();
  };
}

/** A job of Ferry, from its request until its orchestration has completed. */
export function ferryJob(stack: PriceStack): JobContestant {
  return async (storage, load) => void (await runJob(stack, storage, load));
}

/**
 * Runs a job until its orchestration has completed, and returns it. Throws unless it has succeeded. `report` is the URL
 * below which it writes its report.
 */
export async function runJob(
  { app, ended }: PriceStack,
  storage: JobStorageClients,
  load: JobLoad,
  report?: string,
): Promise<JobView> {
  const inbox = storage.near.getContainerClient("inbox");
  const destination = `${destinationOf(storage, load).url}/${load.target}/`;
  const query = load.isFar ? `?${await sasOf(inbox)}` : "";
  const request = { source: `${inbox.url}/${query}`, destination, concurrency: atATime, report };
  const { id } = await send(`${app.ready}/api/jobs`, request);
  await ended(`job-${id}-1`); // the first orchestration of a job that is never paused
  const response = await fetch(`${app.ready}/api/jobs/${id}`);
  const job = (await response.json()) as JobView; // the app's own response
  if (job.status !== "succeeded") {
    throw new Error(`The job is ${job.status}: ${JSON.stringify(job)}`);
  }
  return job;
}

/** Single copies of Ferry, each until its orchestration has completed. */
export function singleCopies({ app, ended }: PriceStack): JobContestant {
  return async (storage, load) => {
    const container = destinationOf(storage, load);
    const inbox = storage.near.getContainerClient("inbox");
    const query = load.isFar ? `?${await sasOf(inbox)}` : "";
    await inParallel(numbers(load.copies), atATime, async (number) => {
      const source = `${inbox.url}/${nameOf(number)}${query}`;
      const destination = `${container.url}/${load.target}/${nameOf(number)}`;
      await ended((await send(`${app.ready}/api/copies`, { source, destination })).id);
    });
  };
}

/**
 * rclone's server-side copy between two accounts. Each account has a SAS, because with account keys rclone cannot sign
 * for the second one.
 */
export const rcloneCopy: JobContestant = async (storage, load) => {
  const names = numbers(load.copies).map(nameOf).join("\n");
  const source = await remoteOf(storage.near);
  const destination = await remoteOf(load.isFar ? storage.far : storage.near);
  const limits = ["--transfers", String(atATime), "--checkers", String(atATime)];
  const options = ["--config", "", "--server-side-across-configs", "--files-from", "-", ...limits];
  const paths = [`${source}inbox`, `${destination}copies/${load.target}`];
  const child = spawn("rclone", [...options, "copy", ...paths]);
  let output = "";
  child.stderr.on("data", (chunk: Buffer) => void (output += chunk.toString()));
  child.stdin.end(names);
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new Error(`rclone ended with ${String(code)}: ${output.slice(-2_000)}`);
};

async function remoteOf(service: BlobServiceClient): Promise<string> {
  const url = service.generateAccountSasUrl(
    new Date(Date.now() + day),
    AccountSASPermissions.parse("rwdlac"),
    "sco",
  );
  return `:azureblob,sas_url="${url}":`;
}

export function destinationOf({ near, far }: JobStorageClients, load: JobLoad): ContainerClient {
  return (load.isFar ? far : near).getContainerClient("copies");
}

async function sasOf(container: ContainerClient): Promise<string> {
  const url = await container.generateSasUrl({
    permissions: ContainerSASPermissions.parse("rl"),
    expiresOn: new Date(Date.now() + day),
  });
  return url.slice(url.indexOf("?") + 1);
}

export function nameOf(number: number): string {
  return `${String(number).padStart(6, "0")}.bin`;
}

/** Sends the request until the overloaded machine accepts it. */
async function send(url: string, body: object): Promise<{ id: string }> {
  const headers = { "content-type": "application/json" };
  const sent = fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  const response = await sent.catch((error: unknown) => String(error));
  const text = typeof response === "string" ? response : await response.text();
  if (typeof response === "string" || response.status === 503) {
    console.error(`Sent again, because the machine is overloaded: ${text}`);
    return await send(url, body);
  }
  if (response.status !== 202) throw new Error(`Ferry returned ${response.status}: ${text}`);
  return JSON.parse(text) as { id: string }; // the app's own response
}
