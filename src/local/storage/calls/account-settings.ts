/** Settings of an account. Changes apply to later requests. */
export type AccountSettings = {
  /** Overwritten and deleted blobs stay readable by their version id. */
  versioning: boolean;
};

/** Returns a function from the name of an account to its settings. */
export function createAccountSettings(): (account: string) => AccountSettings {
  const known = new Map<string, AccountSettings>();
  return (account) => {
    const settings = known.get(account) ?? { versioning: false };
    known.set(account, settings);
    return settings;
  };
}
