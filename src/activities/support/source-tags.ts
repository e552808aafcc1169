import { endpointUrl } from "../../copy/location/endpoint.ts";
import type { StartInput } from "../../copy/contract/activities.ts";
import type { Verdict } from "../../copy/decisions/storage-errors.ts";
import { isInStorage } from "../../storage/copy-client.ts";
import { isSameAccount } from "./dependencies.ts";
import type { ActivityDependencies, Sides } from "./dependencies.ts";
import { classifyRefusal } from "./storage-call.ts";

/** "Get Blob Tags": to read a blob is not enough. */
const permissions =
  'For tags "source" give this app\'s identity the role Storage Blob Data Owner on the source, or give the source URL a SAS with read and tag permission (rt)';

/** The tags to start with: Copy Blob leaves the source's behind, so they are read where asked for. */
export async function tagsToSet(
  deps: ActivityDependencies,
  { copy, plan }: StartInput,
  sides: Sides,
): Promise<
  { kind: "read"; tags: Record<string, string> | null } | { kind: "refused"; verdict: Verdict }
> {
  const { tags } = copy.options;
  const { source } = sides;
  if (tags !== "source") return { kind: "read", tags };
  if (!isInStorage(source)) return { kind: "read", tags: null };
  try {
    // A minted SAS reads the blob, not its tags; the identity behind it may.
    const sameAccount = isSameAccount(sides) || plan.mintedSas !== undefined;
    const read = await deps.client.readTags(source, { sameAccount });
    return { kind: "read", tags: read };
  } catch (error) {
    const action = `read the tags of the source ${endpointUrl(copy.source)}`;
    const verdict = classifyRefusal(error, deps, { call: "read-source", action, side: source });
    const fix = verdict.failure.cause === "source-unauthorized" ? { fix: permissions } : {};
    return { kind: "refused", verdict: { ...verdict, failure: { ...verdict.failure, ...fix } } };
  }
}
