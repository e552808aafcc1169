import { spawn, spawnSync } from "node:child_process";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { EmulatorAddresses } from "./emulator-child.ts";
import type { PriceStack } from "./stack.ts";

/** Small blobs of one folder, `inbox/<folder>/<number>`, and where a contestant copies them. */
export type Load = { folder: string; copies: number; target: string; atATime: number };

/**
 * Copies each blob of `inbox/<folder>/` to `<target>/<folder>/`. Returns the time of each copy in ms, if it is known.
 */
export type Contestant = (load: Load) => Promise<number[]>;

export const blobBytes = 1_024;
const uploadsAtATime = 16;
/** The pause between two polls of a pending copy by the plain loop; the SDK's default is 15 s. */
const pollMs = 100;

export function storageOf({
  blobUrl,
  account,
}: Pick<EmulatorAddresses, "blobUrl" | "account">): BlobServiceClient {
  const credential = new StorageSharedKeyCredential(account.name, account.key);
  return new BlobServiceClient(`${blobUrl}/${account.name}`, credential);
}

/** Creates the blobs that the contestants copy, and the container of each contestant. */
export async function prepareBlobs(
  storage: BlobServiceClient,
  folders: readonly string[],
  copies: number,
): Promise<void> {
  for (const name of ["inbox", "plain", "rclone", "ferry"]) {
    await storage.getContainerClient(name).createIfNotExists();
  }
  const inbox = storage.getContainerClient("inbox");
  const names = folders.flatMap((folder) => numbers(copies).map((number) => `${folder}/${number}`));
  await inParallel(names, uploadsAtATime, async (name) => {
    await inbox.getBlockBlobClient(name).uploadData(Buffer.alloc(blobBytes, name));
  });
}

/** Throws unless all blobs of the load are at their destinations, written by a copy that succeeded. */
export async function checkCopies(storage: BlobServiceClient, load: Load): Promise<void> {
  const [container = "", ...prefix] = load.target.split("/");
  const blobs = storage.getContainerClient(container).listBlobsFlat({
    prefix: [...prefix, load.folder, ""].join("/"),
    includeCopy: true,
  });
  let whole = 0;
  for await (const { properties } of blobs) {
    if (properties.copyStatus === "success" && properties.contentLength === blobBytes) whole++;
  }
  if (whole !== load.copies) {
    throw new Error(`Only ${whole} of ${load.copies} copies to ${load.target} succeeded`);
  }
}

/** A loop over the SDK, as a script would have it: no lock, no record, no retry after a crash. */
export function plainLoop(storage: BlobServiceClient): Contestant {
  return async ({ folder, copies, target, atATime }) => {
    const [container = "", ...prefix] = target.split("/");
    const inbox = storage.getContainerClient("inbox");
    const destinations = storage.getContainerClient(container);
    return await inParallel(numbers(copies), atATime, async (number) => {
      const name = `${folder}/${number}`;
      const blob = destinations.getBlockBlobClient([...prefix, name].join("/"));
      const poller = await blob.beginCopyFromURL(inbox.getBlobClient(name).url, {
        intervalInMs: pollMs,
      });
      const { copyStatus } = await poller.pollUntilDone();
      if (copyStatus !== "success") throw new Error(`The copy of ${name} is ${copyStatus}`);
    });
  };
}

/** Requests to Ferry's API, each until its orchestration has completed. */
export function ferry({ emulator, app, ended }: PriceStack): Contestant {
  const { blobUrl, account } = emulator.ready;
  const storage = `${blobUrl}/${account.name}`;
  const send = async (body: string): Promise<string> => {
    const headers = { "content-type": "application/json" };
    const sent = fetch(`${app.ready}/api/copies`, { method: "POST", headers, body });
    const response = await sent.catch((error: unknown) => String(error));
    const text = typeof response === "string" ? response : await response.text();
    if (typeof response === "string" || response.status === 503) {
      console.error(`Sent again, because the machine is overloaded: ${text}`);
      return await send(body);
    }
    if (response.status !== 202) throw new Error(`Ferry returned ${response.status}: ${text}`);
    return (JSON.parse(text) as { id: string }).id; // the app's own response
  };
  return async ({ folder, copies, target, atATime }) =>
    await inParallel(numbers(copies), atATime, async (number) => {
      const source = `${storage}/inbox/${folder}/${number}`;
      const destination = `${storage}/${target}/${folder}/${number}`;
      await ended(await send(JSON.stringify({ source, destination })));
    });
}

export function hasRclone(): boolean {
  return spawnSync("rclone", ["version"]).status === 0;
}

/** rclone's server-side copy: one process for each load. */
export function rclone({ blobUrl, account }: EmulatorAddresses): Contestant {
  const { name, key } = account;
  const remote = `:azureblob,use_emulator=true,account=${name},key="${key}",endpoint="${blobUrl}/${name}":`;
  return async ({ folder, target, atATime }) => {
    const limits = ["--transfers", String(atATime), "--checkers", String(atATime)];
    const paths = [`${remote}inbox/${folder}`, `${remote}${target}/${folder}`];
    const child = spawn("rclone", ["--config", "", ...limits, "copy", ...paths]);
    let output = "";
    child.stderr.on("data", (chunk: Buffer) => void (output += chunk.toString()));
    const code = await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    if (code !== 0) throw new Error(`rclone ended with ${String(code)}: ${output}`);
    return [];
  };
}

export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}

/**
 * Runs `work` for each item, `atATime` items at the same time. Returns the time of each in ms, in the order in which
 * they ended.
 */
export async function inParallel<Item>(
  items: readonly Item[],
  atATime: number,
  work: (item: Item) => Promise<void>,
): Promise<number[]> {
  const times: number[] = [];
  const remaining = items.values();
  const worker = async () => {
    for (const item of remaining) {
      const begun = performance.now();
      await work(item);
      times.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: atATime }, worker));
  return times;
}
