/**
 * The ledger could not be read or written; `cause` is the error of the SDK. The call may succeed later: if a blob is
 * damaged, once an operator has repaired it. `because` names that blob.
 */
export class LedgerError extends Error {
  override name = "LedgerError" as const;

  constructor(action: string, options: { cause?: unknown; because?: string }) {
    const { cause, because } = options;
    const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
    const reason = because === undefined ? code : ` because ${because}`;
    super(`Cannot ${action} the ledger in the app's own storage account${reason}`, { cause });
  }
}

/** A blob of the ledger is empty, is not JSON, or has a shape that Ferry does not write. */
export class DamagedBlobError extends LedgerError {
  /** `blob`: its container and name. */
  constructor(blob: string) {
    const fix =
      "restore an earlier version of the blob, or delete it while no copy or job that uses it is running";
    super("read", { because: `its blob ${blob} is damaged; ${fix}` });
  }
}
