/** The ledger could not be reached or written; its own `cause` says why. Trying again later may help. */
export class LedgerError extends Error {
  override name = "LedgerError" as const;

  constructor(action: string, options: { cause: unknown }) {
    const { cause } = options;
    const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
    super(`Cannot ${action} the ledger in the app's own storage account${code}`, options);
  }
}
