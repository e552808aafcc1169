import {
  BlobSASPermissions,
  BlobServiceClient,
  generateBlobSASQueryParameters,
  newPipeline,
  SASProtocol,
} from "@azure/storage-blob";
import type { UserDelegationKey } from "@azure/storage-blob";
import { maxClockSkewMs, parseTime, plusMs, toDate } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { serviceUrl } from "../copy/location/endpoint.ts";
import type { Destination } from "../copy/location/endpoint.ts";
import { isManagedDisk } from "../copy/location/storage-hosts.ts";
import { Sas } from "../copy/location/sas.ts";
import type { SasMint } from "./copy-client.ts";
import { isIdentified } from "./credentials.ts";
import type { CredentialFor } from "./credentials.ts";
import { copyTarget, observed, pipeline } from "./pipeline.ts";
import { withRefusals } from "./refusal.ts";

/**
 * The first service version with `scid`. Unlike the SDK's default, the newest, it is supported in every region and cloud.
 */
const blobVersion = "2020-12-06";

/** How many keys are cached, one for each account and expiry; the oldest is dropped first. */
const maxKeys = 64;

/**
 * Creates the mint of user delegation SAS tokens ("Create a user delegation SAS"). Each SAS covers one blob or file,
 * https only, and is read-only except for the tags of `withTags`. Delegation keys are cached in memory only, one for
 * each account and expiry.
 */
export function createSasMint(credentialFor: CredentialFor): SasMint {
  const keys = new Map<string, Promise<UserDelegationKey>>();
  const readKey = async (source: Destination, { startsOn, expiresOn }: KeyTerms) => {
    const url = accountUrl(source);
    const credential = credentialFor(source);
    if (source.service === "file")
      return (await loadFileSas()).readKey(source, { url, credential, startsOn, expiresOn });
    const calls = observed(newPipeline(credential, pipeline), copyTarget(source));
    return await new BlobServiceClient(url, calls).getUserDelegationKey(startsOn, expiresOn);
  };

  const getKey = async (source: Destination, expiresAt: string, now: EpochMs) => {
    const name = `${accountUrl(source)} ${expiresAt}`;
    const cached = keys.get(name);
    if (cached !== undefined) return cached;
    // Back-dated, because a service whose clock is behind would reject a key that starts now.
    const key = readKey(source, {
      startsOn: toDate(plusMs(now, -maxClockSkewMs)),
      expiresOn: toDate(parseTime(expiresAt)),
    });
    keys.set(name, key);
    const [oldest] = keys.keys();
    if (keys.size > maxKeys && oldest !== undefined) keys.delete(oldest);
    return key.catch((error: unknown) => {
      keys.delete(name);
      throw error;
    });
  };

  return {
    isPossible: (source): source is Destination =>
      source.service !== "external" && isIdentified(source) && !isManagedDisk(source),
    async sign(source, { scid, expiresAt }, { withTags, now }) {
      const key = await withRefusals(getKey(source, expiresAt, now));
      const terms = {
        startsOn: key.signedStartsOn,
        expiresOn: toDate(parseTime(expiresAt)),
        protocol: SASProtocol.Https,
      };
      const query =
        source.service === "file"
          ? (await loadFileSas()).signFile(source, terms, key)
          : generateBlobSASQueryParameters(
              {
                containerName: source.container,
                blobName: source.path,
                ...(source.snapshot === undefined ? {} : { snapshotTime: source.snapshot }),
                ...(source.version === undefined ? {} : { versionId: source.version }),
                permissions: BlobSASPermissions.from({ read: true, tag: withTags }),
                ...terms,
                correlationId: scid,
                version: blobVersion,
              },
              key,
              source.account,
            );
      return new Sas(query.toString());
    },
  };
}

type KeyTerms = { startsOn: Date; expiresOn: Date };

/** Loads the SDK for files with the first SAS for a file. */
function loadFileSas() {
  return import("./file-sas.ts");
}

/** A secondary endpoint issues no keys and accepts those of its primary. */
function accountUrl(source: Destination): string {
  return serviceUrl(source).replace(/-secondary(?=[.-])/, "");
}
