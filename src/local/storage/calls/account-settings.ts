/** What an account's owner has chosen; may be changed at any time and counts from then on. */
export type AccountSettings = {
  /** Each state of a blob stays readable under its version id. */
  versioning: boolean;
};

/** The settings of each account, by its name. */
export function createAccountSettings(): (account: string) => AccountSettings {
  const known = new Map<string, AccountSettings>();
  return (account) => {
    const settings = known.get(account) ?? { versioning: false };
    known.set(account, settings);
    return settings;
  };
}
