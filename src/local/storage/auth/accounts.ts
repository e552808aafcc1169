/** A storage account of the emulator. */
export type Account = { name: string; key: string };

/**
 * The accounts of the emulator. Their key is the published key of all storage emulators (page "Connect
 * to Azurite"): it protects nothing.
 */
export const accounts: readonly Account[] = ["devstoreaccount1", "devstoreaccount2"].map(
  (name) => ({
    name,
    key: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
  }),
);

export function findAccount(name: string): Account | undefined {
  return accounts.find((account) => account.name === name);
}
