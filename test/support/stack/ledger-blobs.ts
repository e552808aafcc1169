import type { TestStack } from "./test-stack.ts";

/** Every blob of the ledger with its content and its metadata, as one text. */
export async function readLedger(stack: TestStack): Promise<Map<string, string>> {
  const ledger = stack.container("ferry-ledger");
  const texts = new Map<string, string>();
  for await (const { name, metadata } of ledger.listBlobsFlat({ includeMetadata: true })) {
    const content = String(await ledger.getBlobClient(name).downloadToBuffer());
    texts.set(name, `${content} ${JSON.stringify(metadata ?? {})}`);
  }
  return texts;
}

/** The URLs in the record of a copy; null if it has no record. */
export async function readRecord(
  stack: TestStack,
  id: string,
): Promise<{ source?: string; destination?: string } | null> {
  const ledger = stack.container("ferry-ledger");
  for await (const { name } of ledger.listBlobsFlat({ prefix: "records/" })) {
    if (!name.endsWith(id)) continue;
    return JSON.parse(String(await ledger.getBlobClient(name).downloadToBuffer()));
  }
  return null;
}

/** Purges or terminates an instance with the key of the task hub. */
export async function manage(stack: TestStack, id: string, action: "purge" | "terminate") {
  const url = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${id}`;
  const response =
    action === "purge"
      ? await fetch(url, { method: "DELETE" })
      : await fetch(`${url}/terminate?reason=x`, { method: "POST" });
  if (!response.ok) throw new Error(`Cannot ${action} ${id}: ${response.status}`);
}
