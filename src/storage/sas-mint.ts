import {
  BlobSASPermissions,
  BlobServiceClient,
  generateBlobSASQueryParameters,
  SASProtocol,
} from "@azure/storage-blob";
import type { UserDelegationKey } from "@azure/storage-blob";
import { clockSkew, dateOf, timeOf } from "../copy/dates.ts";
import { serviceUrl } from "../copy/endpoint.ts";
import type { BlobEndpoint } from "../copy/endpoint.ts";
import { Sas } from "../copy/sas.ts";
import type { SasMint } from "./copy-client.ts";
import { isIdentified } from "./credentials.ts";
import type { CredentialFor } from "./credentials.ts";
import { pipeline } from "./pipeline.ts";
import { answered } from "./refusal.ts";

/** Knows `scid`, and is known in every region and cloud; the SDK's default is its newest. */
const sasVersion = "2020-12-06";

/** Keys of so many accounts and hours are remembered; the oldest goes first. */
const mostKeys = 64;

/**
 * Mints user delegation SAS ("Create a user delegation SAS"): read-only, of one blob, over https alone.
 * Their keys are kept in memory while the app lives, one for each account and end, and nowhere else.
 */
export function createSasMint(credentialFor: CredentialFor): SasMint {
  const keys = new Map<string, Promise<UserDelegationKey>>();

  const keyOf = async (source: BlobEndpoint, expiresAt: string, now: number) => {
    const name = `${accountUrl(source)} ${expiresAt}`;
    const kept = keys.get(name);
    if (kept !== undefined) return kept;
    const service = new BlobServiceClient(accountUrl(source), credentialFor(source), pipeline);
    // Back-dated: a service whose clock is behind would refuse what begins just now.
    const key = service.getUserDelegationKey(dateOf(now - clockSkew), dateOf(timeOf(expiresAt)));
    keys.set(name, key);
    const [oldest] = keys.keys();
    if (keys.size > mostKeys && oldest !== undefined) keys.delete(oldest);
    return key.catch((error: unknown) => {
      keys.delete(name);
      throw error;
    });
  };

  return {
    isPossible: (source): source is BlobEndpoint =>
      source.service === "blob" && isIdentified(source),
    async sign(source, { scid, expiresAt }, { withTags, now }) {
      const key = await answered(keyOf(source, expiresAt, now));
      const query = generateBlobSASQueryParameters(
        {
          containerName: source.container,
          blobName: source.path,
          ...(source.snapshot === undefined ? {} : { snapshotTime: source.snapshot }),
          ...(source.version === undefined ? {} : { versionId: source.version }),
          permissions: BlobSASPermissions.from({ read: true, tag: withTags }),
          startsOn: key.signedStartsOn,
          expiresOn: dateOf(timeOf(expiresAt)),
          protocol: SASProtocol.Https,
          correlationId: scid,
          version: sasVersion,
        },
        key,
        source.account,
      );
      return new Sas(query.toString());
    },
  };
}

/** A secondary hands out no keys, and takes those of its primary. */
function accountUrl(source: BlobEndpoint): string {
  const { account } = source;
  return serviceUrl(source).replace(`//${account}-secondary.`, `//${account}.`);
}
