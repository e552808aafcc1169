import { endpointUrl } from "../../copy/location/endpoint.ts";
import { buildMintedSas } from "../../copy/location/minted-sas.ts";
import type { MintedSas } from "../../copy/location/minted-sas.ts";
import type { SourceProperties } from "../../copy/contract/properties.ts";
import type { CopyInput, StartInput } from "../../copy/contract/activities.ts";
import type { Verdict } from "../../copy/decisions/storage-errors.ts";
import { isInStorage, StorageRefusal } from "../../storage/copy-client.ts";
import type { Side } from "../../storage/copy-client.ts";
import { isSameAccount } from "./dependencies.ts";
import type { ActivityDependencies, Sides } from "./dependencies.ts";
import { classifyRefusal } from "./storage-call.ts";

/** `seen` is null where only Storage reads the source; `minted` where its copy needs no SAS of the app's. */
export type SourceRead = { seen: SourceProperties | null; minted: MintedSas | null };

/**
 * Reads the source as Storage will read it for the copy: with the caller's SAS, as the destination's own
 * account, or else with a SAS that the app's identity mints; where the identity may not, as nobody, since
 * the source may be public. What lies outside Storage the app does not fetch.
 */
export async function readSource(
  deps: ActivityDependencies,
  copy: CopyInput,
  sides: Sides,
): Promise<SourceRead> {
  const { client, mint } = deps;
  const { source } = sides;
  if (!isInStorage(source)) return { seen: null, minted: null };
  const ifTags = copy.options.sourceConditions?.ifTags;
  const { endpoint } = source;
  // "Copy File" reads a file of its own account by the account's key; of a token it says nothing.
  const sameAccount =
    isSameAccount(sides) && !(endpoint.service === "file" && mint.isPossible(endpoint));
  const read = (side: typeof source) => client.readSource(side, { sameAccount, ifTags });
  if (source.sas !== null || sameAccount || !mint.isPossible(endpoint)) {
    return { seen: await read(source), minted: null };
  }
  const now = deps.now();
  const minted = buildMintedSas(deps.newGuid(), now);
  try {
    const sas = await mint.sign(endpoint, minted, { withTags: ifTags !== undefined, now });
    return { seen: await read({ endpoint, sas }), minted };
  } catch (error) {
    if (!isRefusedIdentity(error)) throw error;
    return { seen: await orRefused(read(source), error), minted: null };
  }
}

/** The source with what its copy is started with. */
export async function signedSource(
  deps: ActivityDependencies,
  { plan: { mintedSas }, copy }: StartInput,
  source: Side,
): Promise<{ kind: "signed"; source: Side } | { kind: "refused"; verdict: Verdict }> {
  const { endpoint } = source;
  if (mintedSas === undefined || !deps.mint.isPossible(endpoint)) return { kind: "signed", source };
  const withTags = copy.options.sourceConditions?.ifTags !== undefined;
  try {
    const sas = await deps.mint.sign(endpoint, mintedSas, { withTags, now: deps.now() });
    return { kind: "signed", source: { endpoint, sas } };
  } catch (error) {
    const action = `sign a SAS for the source ${endpointUrl(endpoint)}`;
    const verdict = classifyRefusal(error, deps, { call: "read-source", action, side: source });
    return { kind: "refused", verdict };
  }
}

/** Public containers are read by everybody; of all others the identity's own refusal says more. */
async function orRefused(
  asNobody: Promise<SourceProperties>,
  refused: StorageRefusal,
): Promise<SourceProperties> {
  try {
    return await asNobody;
  } catch (error) {
    const isHidden =
      error instanceof StorageRefusal && [401, 403, 404, 409].includes(error.response.status);
    throw isHidden ? refused : error;
  }
}

/** It has no right there, is not known there, or there is none. */
function isRefusedIdentity(error: unknown): error is StorageRefusal {
  if (!(error instanceof StorageRefusal)) return false;
  const { status, code } = error.response;
  return status === 401 || status === 403 || code === "IdentityUnavailable";
}
