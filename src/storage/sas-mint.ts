import {
  BlobSASPermissions,
  BlobServiceClient,
  generateBlobSASQueryParameters,
  newPipeline,
  SASProtocol,
} from "@azure/storage-blob";
import type { UserDelegationKey } from "@azure/storage-blob";
import {
  FileSASPermissions,
  generateFileSASQueryParameters,
  ShareServiceClient,
} from "@azure/storage-file-share";
import { maxClockSkewMs, toDate, parseTime } from "../copy/time.ts";
import { serviceUrl } from "../copy/location/endpoint.ts";
import type { Destination } from "../copy/location/endpoint.ts";
import { Sas } from "../copy/location/sas.ts";
import type { SasMint } from "./copy-client.ts";
import { isIdentified } from "./credentials.ts";
import type { CredentialFor } from "./credentials.ts";
import { bounded, pipeline } from "./pipeline.ts";
import { answered } from "./refusal.ts";

/** Known in every region and cloud, unlike the SDKs' default, their newest: the first that knows `scid`, … */
const blobVersion = "2020-12-06";
/** … and the first with user delegation in Azure Files, where there is no `scid`. */
const fileVersion = "2025-07-05";

/** Keys of so many accounts and hours are remembered; the oldest goes first. */
const maxKeys = 64;

/**
 * Mints user delegation SAS ("Create a user delegation SAS"): read-only but for the tags of `withTags`, of one blob or file, over https alone.
 * Their keys are kept in memory while the app lives, one for each account and end, and nowhere else.
 */
export function createSasMint(credentialFor: CredentialFor): SasMint {
  const keys = new Map<string, Promise<UserDelegationKey>>();

  const keyOf = async (source: Destination, expiresAt: string, now: number) => {
    const name = `${accountUrl(source)} ${expiresAt}`;
    const kept = keys.get(name);
    if (kept !== undefined) return kept;
    // Back-dated: a service whose clock is behind would refuse what begins just now.
    const key = serviceOf(source, credentialFor).getUserDelegationKey(
      toDate(now - maxClockSkewMs),
      toDate(parseTime(expiresAt)),
    );
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
      source.service !== "external" && isIdentified(source),
    async sign(source, { scid, expiresAt }, { withTags, now }) {
      const key = await answered(keyOf(source, expiresAt, now));
      const terms = {
        startsOn: key.signedStartsOn,
        expiresOn: toDate(parseTime(expiresAt)),
        protocol: SASProtocol.Https,
      };
      const query =
        source.service === "file"
          ? generateFileSASQueryParameters(
              {
                shareName: source.share,
                // Opens it in the share's snapshots, too: which one is meant, only the URL says.
                filePath: source.path,
                permissions: FileSASPermissions.parse("r"),
                ...terms,
                version: fileVersion,
              },
              key,
              source.account,
            )
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

function serviceOf(source: Destination, credentialFor: CredentialFor) {
  const url = accountUrl(source);
  const calls = bounded(newPipeline(credentialFor(source), pipeline));
  return source.service === "file"
    ? new ShareServiceClient(url, calls, { fileRequestIntent: "backup" })
    : new BlobServiceClient(url, calls);
}

/** A secondary hands out no keys, and takes those of its primary. */
function accountUrl(source: Destination): string {
  const { account } = source;
  return serviceUrl(source).replace(`//${account}-secondary.`, `//${account}.`);
}
