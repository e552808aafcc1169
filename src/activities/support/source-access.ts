import { endpointUrl } from "../../copy/location/endpoint.ts";
import { buildMintedSas } from "../../copy/location/minted-sas.ts";
import type { MintedSas } from "../../copy/location/minted-sas.ts";
import type { SourceProperties } from "../../copy/contract/properties.ts";
import type { CopyInput, CopyPlan } from "../../copy/contract/activities.ts";
import { authorizeSource } from "../../copy/decisions/source-authorization.ts";
import { isIdentityRefused, isNotPublic } from "../../copy/decisions/storage-errors.ts";
import { isInStorage, isRefusal } from "../../storage/copy-client.ts";
import type { Side } from "../../storage/copy-client.ts";
import type { ActivityDependencies } from "./dependencies.ts";
import type { Sides } from "./sides.ts";
import { callStorage } from "./storage-call.ts";
import type { CallResult, StorageCall } from "./storage-call.ts";

/** `seen` is null for a source that only Storage reads; `minted` where the copy needs no SAS from the app. */
export type SourceRead = { seen: SourceProperties | null; minted: MintedSas | null };

/**
 * Reads the source with the same authorization that Storage will use for the copy (`source-authorization.ts`). If the
 * identity is not allowed to sign a SAS or to read the source, the app reads anonymously, because the source may be
 * public. The app does not fetch sources outside Storage.
 */
export async function readSource(
  deps: ActivityDependencies,
  copy: CopyInput,
  sides: Sides,
): Promise<SourceRead> {
  const { client, mint } = deps;
  const source = sides.source();
  if (!isInStorage(source)) return { seen: null, minted: null };
  const ifTags = copy.options.sourceConditions?.ifTags;
  const { endpoint } = source;
  const authorization = authorizeSource(copy, mint.isPossible(endpoint));
  const sameAccount = authorization === "app-identity";
  const read = (side: typeof source) => client.readSource(side, { sameAccount, ifTags });
  if (authorization !== "minted-sas") return { seen: await read(source), minted: null };
  const now = deps.now();
  const minted = buildMintedSas(deps.newGuid(), now);
  try {
    const sas = await mint.sign(endpoint, minted, { withTags: ifTags !== undefined, now });
    return { seen: await read({ endpoint, sas }), minted };
  } catch (refusal) {
    if (!isRefusal(refusal, isIdentityRefused)) throw refusal;
    const seen = await read(source).catch((error: unknown) => {
      // If the source is not public, the identity's refusal is the more useful error.
      throw isRefusal(error, isNotPublic) ? refusal : error;
    });
    return { seen, minted: null };
  }
}

/** Describes `readSource` for its failure. */
export function sourceRead(copy: CopyInput, sides: Sides): StorageCall {
  const action = `read the source ${endpointUrl(copy.source)}`;
  return { call: "read-source", action, side: sides.source() };
}

/** Signs the planned SAS for the source, if the plan has one; the copy is started with the returned side. */
export async function signSource(
  deps: ActivityDependencies,
  { plan: { mintedSas }, copy }: { plan: CopyPlan; copy: CopyInput },
  source: Side,
): Promise<CallResult<Side>> {
  const { endpoint } = source;
  if (mintedSas === undefined || !deps.mint.isPossible(endpoint))
    return { ok: true, value: source };
  const withTags = copy.options.sourceConditions?.ifTags !== undefined;
  const action = `sign a SAS for the source ${endpointUrl(endpoint)}`;
  return callStorage(deps, { call: "read-source", action, side: source }, async () => {
    const sas = await deps.mint.sign(endpoint, mintedSas, { withTags, now: deps.now() });
    return { endpoint, sas };
  });
}
