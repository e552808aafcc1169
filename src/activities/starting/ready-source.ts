import {
  copySourceLength,
  endpointUrl,
  maxCopySourceLength,
} from "../../copy/location/endpoint.ts";
import { failure } from "../../copy/contract/failure.ts";
import { startedFrom } from "../../copy/decisions/is-ours.ts";
import type { CopyInput, CopyPlan, NotStarted } from "../../copy/contract/activities.ts";
import type { Side } from "../../storage/copy-client.ts";
import type { ActivityDependencies } from "../support/dependencies.ts";
import type { Sides } from "../support/sides.ts";
import { signSource } from "../support/source-access.ts";
import { tagsToSet } from "../support/source-tags.ts";
import type { CallResult } from "../support/storage-call.ts";

/** `signed`: the source as Storage gets it; `tags`: null if none are set. */
export type ReadySource = { source: Side; signed: Side; tags: Record<string, string> | null };

/** Opens the source's SAS, or signs one, and reads the tags to set. Nothing has been sent to the destination yet. */
export async function readySource(
  deps: ActivityDependencies,
  { copy, plan }: { copy: CopyInput; plan: CopyPlan },
  sides: Sides,
): Promise<CallResult<ReadySource>> {
  const tags = await tagsToSet(deps, { copy, plan }, sides);
  if (!tags.ok) return tags;
  const planned = sides.source();
  const source = { ...planned, endpoint: startedFrom(plan, planned.endpoint) };
  const signed = await signSource(deps, { plan, copy }, source);
  return signed.ok
    ? { ok: true, value: { source, signed: signed.value, tags: tags.value } }
    : signed;
}

/** The complete source URL is known only now: with the snapshot of a copy onto itself, and with the minted SAS. */
export function refuseLongSource(source: Side): Extract<NotStarted, { kind: "failed" }> | null {
  const length = copySourceLength(source);
  if (length <= maxCopySourceLength) return null;
  const message = `Cannot start the copy because the source's URL is ${length} characters long with its query, and Storage accepts at most 2,048: ${endpointUrl(source.endpoint)}`;
  const fix =
    "Give the blob a shorter name, or send a shorter SAS with the source (one that is signed with the account's key, for example)";
  return { kind: "failed", failure: { ...failure("not-supported", message), fix } };
}
