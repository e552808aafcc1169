import type { BlobBeginCopyFromURLOptions } from "@azure/storage-blob";
import { toCopyId } from "../../copy/contract/ids.ts";
import { failure } from "../../copy/contract/failure.ts";
import { endpointUrl, maxCopySourceLength } from "../../copy/location/endpoint.ts";
import { bareEtag } from "../../copy/location/etag.ts";
import { blobOf } from "../../jobs/contract/storage.ts";
import type {
  JobStartOrder,
  JobStorage,
  StartConditions,
  StartOutcome,
} from "../../jobs/contract/storage.ts";
import { tagCondition } from "../copy-client.ts";
import { destinationOptions } from "../destination-options.ts";
import { withRefusals } from "../refusal.ts";
import type { JobClients } from "./job-clients.ts";
import { withOutcome, withStartOutcome } from "./outcomes.ts";
import type { AuthorizedSource, SourceAuthorization } from "./source-authorization.ts";

/** Creates the starts of a job's copies. Each sends its request once. */
export function createJobStarts(
  clients: JobClients,
  sources: SourceAuthorization,
): Pick<JobStorage, "startCopy" | "copyFromUrl"> {
  return {
    startCopy: (order) =>
      start(order, sources.forStart, async ({ url }) => {
        // As for single copies, only the start of the SDK's poller is used.
        const poller = await withRefusals(
          clients.start(order.destination).beginCopyFromURL(url, startOptions(order)),
        );
        // The state holds the response (12.34.0, BlobBeginCopyFromUrlPoller), but its public type omits the copyId.
        const { copyId, result } = poller.getOperationState() as {
          copyId?: string;
          result?: { etag?: string };
        };
        return result === undefined
          ? { kind: "pending", copyId: requireCopyId(copyId) }
          : toSuccess(copyId, result.etag);
      }),
    copyFromUrl: (order) =>
      start(order, sources.forUrl, async ({ url, authorization }) => {
        const options = {
          ...startOptions(order),
          ...(authorization === null ? {} : { sourceAuthorization: authorization }),
        };
        const response = await withRefusals(
          clients.syncCopy(order.destination).syncCopyFromURL(url, options),
        );
        return toSuccess(response.copyId, response.etag);
      }),
  };
}

async function start(
  order: JobStartOrder,
  authorize: (order: JobStartOrder) => Promise<AuthorizedSource>,
  send: (source: AuthorizedSource) => Promise<StartOutcome>,
): Promise<StartOutcome> {
  const { source, destination, now } = order;
  const from = () => endpointUrl(blobOf(source));
  const authorization = {
    call: "read-source",
    action: () => `authorize the source ${from()}`,
    side: source,
    now,
  } as const;
  const authorized = await withOutcome(authorization, async () => ({
    kind: "authorized" as const,
    source: await authorize(order),
  }));
  if (authorized.kind === "failed") return authorized;
  if (authorized.kind !== "authorized") return { ...authorized, mayHaveStarted: false };
  const { length } = authorized.source.url;
  if (length > maxCopySourceLength) return refuseLongSource(from(), length);
  const action = () => `start the copy onto ${endpointUrl(blobOf(destination))}`;
  return withStartOutcome({ call: "start", action, side: source, now }, () =>
    send(authorized.source),
  );
}

function startOptions(order: JobStartOrder): BlobBeginCopyFromURLOptions {
  const { conditions, options, signal } = order;
  return {
    abortSignal: signal,
    sourceConditions: {
      ifMatch: quoted(conditions.sourceEtag),
      ...tagCondition(options.sourceConditions),
    },
    conditions: {
      ...destinationCondition(conditions),
      ...tagCondition(options.destinationConditions),
    },
    ...destinationOptions(options),
  };
}

function destinationCondition({ destination }: StartConditions) {
  if (destination.kind === "absent") return { ifNoneMatch: "*" };
  return destination.kind === "etag" ? { ifMatch: quoted(destination.etag) } : {};
}

/** An ETag as a header has it: listings have ETags without quotes. */
export function quoted(etag: string): string {
  return `"${bareEtag(etag)}"`;
}

function toSuccess(copyId: string | undefined, etag: string | undefined): StartOutcome {
  return { kind: "succeeded", copyId: requireCopyId(copyId), etag: bareEtag(etag ?? "") };
}

function requireCopyId(copyId: string | undefined) {
  if (copyId !== undefined) return toCopyId(copyId);
  throw new Error("Cannot read the copyId because Storage sent no x-ms-copy-id");
}

function refuseLongSource(from: string, length: number): StartOutcome {
  const message = `Cannot start the copy because the source's URL is ${length} characters long with its query, and Storage accepts at most 2,048: ${from}`;
  const fix = "Give the blob a shorter name, or send a shorter SAS with the source";
  return { kind: "failed", failure: { ...failure("not-supported", message), fix } };
}
