import type { HttpAuthorization } from "@azure/storage-blob";
import type { TokenCredential } from "@azure/identity";
import { day, minute } from "../../copy/durations.ts";
import { urlWith } from "../../copy/location/endpoint.ts";
import { buildMintedSas } from "../../copy/location/minted-sas.ts";
import { revealSas } from "../../copy/location/sas.ts";
import type { Sas } from "../../copy/location/sas.ts";
import { parseTime } from "../../copy/time.ts";
import type { EpochMs } from "../../copy/time.ts";
import { blobOf } from "../../jobs/contract/storage.ts";
import type { JobObject, JobStartOrder } from "../../jobs/contract/storage.ts";
import type { SasMint } from "../copy-client.ts";
import { withRefusals } from "../refusal.ts";
import type { Credential, CredentialOf } from "./job-clients.ts";

/** How the destination's service reads a source: by its URL, or with a token that the request contains. */
export type AuthorizedSource = { url: string; authorization: HttpAuthorization | null };

/** Authorizes the sources of a job's copies; `start` is for Copy Blob, `url` for Copy Blob From URL. */
export type SourceAuthorization = {
  forStart(order: JobStartOrder): Promise<AuthorizedSource>;
  forUrl(order: JobStartOrder): Promise<AuthorizedSource>;
};

/** A key lasts seven days ("Get User Delegation Key"). Each is used for about a day, so a SAS lasts at least six. */
const minSasMs = 6 * day;

/** A token is replaced this long before it expires, as in the SDK's own policy. */
const minTokenMs = 2 * minute;

/** The scope of tokens for Storage in every cloud, as in the SDK. */
const tokenScope = "https://storage.azure.com/.default";

/**
 * Creates the authorization of sources. The SAS of one object is signed with a delegation key of its account that all
 * objects share for a day, so signing sends no request.
 */
export function createSourceAuthorization(
  credentialOf: CredentialOf,
  mint: SasMint,
): SourceAuthorization {
  const expiries = new Map<string, string>();
  const readToken = createTokenCache();

  /** The expiry of an account's SAS tokens names the delegation key that signs them. */
  const expiryFor = ({ container }: JobObject, scid: string, now: EpochMs): string => {
    const account = `${container.origin} ${container.account}`;
    const known = expiries.get(account);
    if (known !== undefined && parseTime(known) - now >= minSasMs) return known;
    const { expiresAt } = buildMintedSas(scid, now);
    expiries.set(account, expiresAt);
    return expiresAt;
  };
  const byUrl = (source: JobObject, sas: Sas | null) => ({
    url: urlWith(blobOf(source), sas === null ? null : revealSas(sas)),
    authorization: null,
  });

  return {
    async forStart(order) {
      const { source, destination, correlationId: scid, options, now } = order;
      if (source.access.kind === "sas") return byUrl(source, source.access.sas);
      const endpoint = blobOf(source);
      if (source.access.kind === "anonymous" || isCovered(source, destination)) {
        return byUrl(source, null);
      }
      if (!mint.isPossible(endpoint)) return byUrl(source, null);
      const expiresAt = expiryFor(source, scid, now);
      const withTags = options.sourceConditions?.ifTags !== undefined;
      return byUrl(source, await mint.sign(endpoint, { scid, expiresAt }, { withTags, now }));
    },
    async forUrl({ source, destination, now }) {
      if (source.access.kind === "sas") return byUrl(source, source.access.sas);
      const endpoint = blobOf(source);
      if (source.access.kind === "anonymous" || !mint.isPossible(endpoint)) {
        return byUrl(source, null);
      }
      // Throws for a destination that must not get a token, although the call itself may be authorized by a SAS.
      credentialOf(destination);
      const value = await withRefusals(readToken(credentialOf(source), now));
      return { ...byUrl(source, null), authorization: { scheme: "Bearer", value } };
    },
  };
}

/** Returns true if the authorization of Copy Blob itself covers the source ("Copy Blob", Authorization). */
function isCovered(source: JobObject, { container, access }: JobObject): boolean {
  const { origin, account } = source.container;
  return access.kind === "identity" && origin === container.origin && account === container.account;
}

/** Returns a function that gets the text of a token for Storage, and a new one shortly before it expires. */
function createTokenCache() {
  const tokens = new WeakMap<Credential, ReturnType<typeof requestToken>>();
  const replaceToken = async (credential: Credential): Promise<string> => {
    const next = requestToken(credential);
    tokens.set(credential, next);
    next.catch(() => tokens.delete(credential));
    return (await next).text;
  };
  return async function readToken(credential: Credential, now: EpochMs): Promise<string> {
    const known = tokens.get(credential);
    if (known === undefined) return replaceToken(credential);
    const { text, expiresAt } = await known;
    if (expiresAt - now > minTokenMs) return text;
    // Another call may have replaced it meanwhile.
    return tokens.get(credential) === known ? replaceToken(credential) : readToken(credential, now);
  };
}

async function requestToken(credential: Credential) {
  if (!isTokenCredential(credential)) {
    throw new Error("Cannot get a token because the account's credential is not an identity");
  }
  const token = await credential.getToken(tokenScope);
  if (token === null) throw new Error("Cannot get a token because the identity returned none");
  return { text: token.token, expiresAt: token.expiresOnTimestamp };
}

function isTokenCredential(credential: Credential): credential is TokenCredential {
  return "getToken" in credential;
}
