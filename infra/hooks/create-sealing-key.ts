import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AzureCliError } from "./azure-cli.ts";
import type { AzureCli } from "./azure-cli.ts";

/** Key Vault accepts a new role assignment only after a few minutes. */
const attempts = 20;
const pauseMs = 15_000;

export type SealingKeyOptions = {
  az: AzureCli;
  vault: string;
  secret: string;
  pause(ms: number): Promise<void>;
};

/**
 * Creates the sealing key if the vault has none, not even a deleted one: a second key in its place would make every SAS
 * that the first one sealed unreadable. Returns a line for the log.
 */
export async function createSealingKey(options: SealingKeyOptions): Promise<string> {
  const { az, vault, secret } = options;
  const listing = { "vault-name": vault, query: "[].name", output: "tsv" };
  const names = await whenAllowed(options, () => az("keyvault secret list", listing));
  if (names.split(/\s+/).includes(secret)) return `The vault ${vault} has the sealing key`;
  const deleted = await az("keyvault secret list-deleted", listing);
  if (deleted.split(/\s+/).includes(secret)) {
    throw new Error(
      `Cannot create the sealing key because it was deleted from the vault ${vault}. Recover it: az keyvault secret recover --vault-name ${vault} --name ${secret}`,
    );
  }
  const directory = await mkdtemp(join(tmpdir(), "ferry-key-"));
  try {
    // In a file that only this user can read, because every user sees the arguments of a process.
    const file = join(directory, "key");
    await writeFile(file, randomBytes(32).toString("base64"), { mode: 0o600 });
    await az("keyvault secret set", {
      "vault-name": vault,
      name: secret,
      file,
      encoding: "utf-8",
      output: "none",
    });
  } finally {
    await rm(directory, { recursive: true });
  }
  return `Created the sealing key in the vault ${vault}`;
}

async function whenAllowed(
  { pause }: SealingKeyOptions,
  call: () => Promise<string>,
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      const isForbidden =
        error instanceof AzureCliError && /Forbidden|not authorized/i.test(error.message);
      if (!isForbidden || attempt === attempts) throw error;
      await pause(pauseMs);
    }
  }
}
