import type { TokenCredential } from "@azure/identity";

/**
 * Returns the app's identity: in Azure its managed identity, on a developer's machine the developer's login. The library
 * is loaded with the first token, because it is a fifth of the app's code and is not needed to register functions.
 */
export function createAppIdentity(): TokenCredential {
  let identity: Promise<TokenCredential> | null = null;
  const load = async () => {
    const { DefaultAzureCredential } = await import("@azure/identity");
    return new DefaultAzureCredential();
  };
  return {
    async getToken(scopes, options) {
      return await (await (identity ??= load())).getToken(scopes, options);
    },
  };
}
