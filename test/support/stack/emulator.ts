import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { onTestFinished } from "vitest";
import { virtualClock, type VirtualClock } from "../../../src/local/clock.ts";
import {
  startStorageEmulator,
  type StorageEmulator,
  type StorageEmulatorOptions,
} from "../../../src/local/storage/emulator.ts";

export const noon = Date.UTC(2026, 2, 1, 12);
export const kib = 1024;
export const second = 1000;
export const day = 24 * 60 * 60 * second;

/** A running emulator with clients of the official SDK; everything is closed after the test. */
export type Storage = {
  clock: VirtualClock;
  emulator: StorageEmulator;
  /** The two accounts, with their keys. */
  service: BlobServiceClient;
  otherService: BlobServiceClient;
  credential: StorageSharedKeyCredential;
  otherCredential: StorageSharedKeyCredential;
  /** A client without any authorization. */
  anonymous: BlobServiceClient;
  logged: string[];
};

export async function startStorage(
  options: Partial<StorageEmulatorOptions> = {},
): Promise<Storage> {
  const clock = (options.clock as VirtualClock | undefined) ?? virtualClock(noon); // tests use no other clock
  if (options.clock === undefined) atEnd(() => clock.dispose());
  const logged: string[] = [];
  const emulator = await startStorageEmulator({
    blobPort: 0,
    file: ":memory:",
    log: (line) => logged.push(line),
    ...options,
    clock,
  });
  let isOpen = true;
  const close = emulator.close;
  emulator.close = async () => {
    if (isOpen) await close();
    isOpen = false;
  };
  atEnd(() => emulator.close());

  const [account, other] = emulator.accounts;
  if (account === undefined || other === undefined)
    throw new Error("The emulator must have two accounts");
  const credential = new StorageSharedKeyCredential(account.name, account.key);
  const otherCredential = new StorageSharedKeyCredential(other.name, other.key);
  // Retries would hide the first response, and wait in real time.
  const pipeline = { retryOptions: { maxTries: 1 } };
  const url = `${emulator.blobUrl}/${account.name}`;
  return {
    clock,
    emulator,
    logged,
    credential,
    otherCredential,
    service: new BlobServiceClient(url, credential, pipeline),
    otherService: new BlobServiceClient(
      `${emulator.blobUrl}/${other.name}`,
      otherCredential,
      pipeline,
    ),
    anonymous: new BlobServiceClient(url, undefined, pipeline),
  };
}

/** Runs `end` after the test, in reverse order of registration. */
export function atEnd(end: () => Promise<void> | void): void {
  onTestFinished(end);
}

/** The status and error code with which `work` is rejected; 200 "not refused" if it succeeds. */
export async function rejection(work: Promise<unknown>): Promise<{ status: number; code: string }> {
  try {
    await work;
  } catch (error) {
    const { statusCode, code, details } = error as {
      statusCode?: number;
      code?: string;
      details?: { errorCode?: string };
    }; // a RestError; anything else fails the following comparison
    return { status: statusCode ?? 0, code: details?.errorCode ?? code ?? String(error) };
  }
  return { status: 200, code: "not refused" };
}

/** Uploads a blob, with its container. */
export async function uploadBlob(
  service: BlobServiceClient,
  content: string | Uint8Array,
  { container = "source", blob = "film.mp4" } = {},
) {
  const containerClient = service.getContainerClient(container);
  await containerClient.createIfNotExists();
  const client = containerClient.getBlockBlobClient(blob);
  await client.upload(content, content.length, {
    blobHTTPHeaders: { blobContentType: "video/mp4", blobCacheControl: "no-store" },
    metadata: { Project: "x" },
  });
  return client;
}
