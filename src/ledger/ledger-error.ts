/** The ledger could not be read or written; `cause` is the error of the SDK. The call may succeed later. */
export class LedgerError extends Error {
  override name = "LedgerError" as const;

  constructor(action: string, options: { cause: unknown }) {
    const { cause } = options;
    const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
    super(`Cannot ${action} the ledger in the app's own storage account${code}`, options);
  }
}
