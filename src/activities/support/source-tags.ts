import { endpointUrl } from "../../copy/location/endpoint.ts";
import { authorizeSource } from "../../copy/decisions/source-authorization.ts";
import type { CopyInput, CopyPlan } from "../../copy/contract/activities.ts";
import { isInStorage } from "../../storage/copy-client.ts";
import type { ActivityDependencies } from "./dependencies.ts";
import type { Sides } from "./sides.ts";
import { callStorage } from "./storage-call.ts";
import type { CallResult } from "./storage-call.ts";

/** "Get Blob Tags" needs more than permission to read the blob. */
const unauthorizedFix =
  'For tags "source", give this app\'s identity the role Storage Blob Data Owner on the source, or give the source URL a SAS with read and tag permission (rt)';

/** Returns the tags to set at the start; reads them for `tags: "source"`, because Copy Blob does not copy tags. */
export async function tagsToSet(
  deps: ActivityDependencies,
  { copy, plan }: { copy: CopyInput; plan: CopyPlan },
  sides: Sides,
): Promise<CallResult<Record<string, string> | null>> {
  const { tags } = copy.options;
  if (tags !== "source") return { ok: true, value: tags };
  const source = sides.source();
  if (!isInStorage(source)) return { ok: true, value: null };
  // A minted SAS covers the blob but not its tags; the identity that signed it may read both.
  const isOwn = authorizeSource(copy, deps.mint.isPossible(source.endpoint)) === "app-identity";
  const sameAccount = isOwn || plan.mintedSas !== undefined;
  const action = `read the tags of the source ${endpointUrl(copy.source)}`;
  const call = { call: "read-source", action, side: source, unauthorizedFix } as const;
  return callStorage(deps, call, () => deps.client.readTags(source, { sameAccount }));
}
