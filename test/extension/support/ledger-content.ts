import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { ContainerClient } from "@azure/storage-blob";
import type { StorageEmulator } from "../../../src/local/storage/emulator.ts";
import { account, ledgerContainer } from "./stack.ts";
import type { Stack } from "./stack.ts";

/**
 * The ledger's content for some copies; the keys are the ledger's folders. Wake marks are left out: an event that arrives
 * while its copy ends leaves one until the next run of the watchdog.
 */
export type LedgerContent = {
  /** The status of each record, "running" before the end. */
  records: string[];
  locks: number;
  outbox: number;
  claims: number;
  /** The copies that wait for a destination. */
  destinations: number;
};

/** Reads every blob of the ledger, and counts those that name one of the copies. */
export async function ledgerContent(
  { emulator }: Pick<Stack, "emulator">,
  ids: readonly string[],
): Promise<LedgerContent> {
  const container = ledgerOf(emulator);
  const content: LedgerContent = { records: [], locks: 0, outbox: 0, claims: 0, destinations: 0 };
  for await (const { name } of container.listBlobsFlat()) {
    if (name.endsWith("/last-wake")) continue;
    const text = await read(name);
    if (!ids.some((id) => name.includes(id) || text.includes(id))) continue;
    const [folder = ""] = name.split("/");
    if (folder === "records") content.records.push(JSON.parse(text).outcome?.status ?? "running");
    else content[folder as Exclude<keyof LedgerContent, "records">]++;
  }
  return { ...content, records: content.records.toSorted() };

  /** Empty if the blob has been deleted. */
  async function read(name: string): Promise<string> {
    const blob = container.getBlobClient(name);
    return await blob.downloadToBuffer().then(String, () => "");
  }
}

/**
 * Returns true if `count` copies were started and none holds its destination any longer: all are settled. Reads only
 * the ledger, because each read of the API costs the task hub an operation.
 */
export async function areSettled(
  { emulator, begunAt }: Pick<Stack, "emulator" | "begunAt">,
  count: number,
): Promise<boolean> {
  if (begunAt.length < count) return false;
  for await (const _ of ledgerOf(emulator).listBlobsFlat({ prefix: "locks/" })) return false;
  return true;
}

function ledgerOf(emulator: StorageEmulator): ContainerClient {
  const key = emulator.accounts.find(({ name }) => name === account)?.key ?? "";
  const credential = new StorageSharedKeyCredential(account, key);
  const service = new BlobServiceClient(`${emulator.blobUrl}/${account}`, credential);
  return service.getContainerClient(ledgerContainer);
}
