import { containerOf, endpointUrl, isOntoItself, serviceUrl } from "../location/endpoint.ts";
import type { Endpoint } from "../location/endpoint.ts";
import type { CopyRequest } from "../request/copy-request.ts";
import { authorizeSource } from "./source-authorization.ts";
import type { SourceAuthorization } from "./source-authorization.ts";

export const authorizations = ["request-sas", "minted-sas", "app-identity", "none"] as const;
type Authorization = (typeof authorizations)[number];

/** Kinds of calls to Storage; `when`: the circumstance in which they are made, null if always. */
export type PlannedCall = {
  operation: string;
  url: string;
  authorization: Authorization;
  when: string | null;
};

/** Each SAS that the app would sign; it exists only in the memory of the app and in the request to Storage. */
export type PlannedSas = { url: string; permissions: string; validDays: number };

/** The maximum lifetime of a minted SAS in days ("Get User Delegation Key"). */
const mintedDays = 7;

const pending = "while the copy is pending";
const exists = "if the destination exists";
const identityRefused =
  "if the app's identity is not allowed to read the source, which may be public";
const noKey = "if the app has no key of the account that lasts long enough";
const otherPending = "if a copy that Ferry did not start is pending at the destination";
const released = "when the copy has ended";
const aborted = "if the copy is aborted";
const leavesEmpty =
  "if the copy fails or is aborted, and left an empty blob or file where nothing was before";
const restores = "if the copy fails or is aborted, and the destination existed before";

const authorizationBySource = {
  outside: "none",
  "request-sas": "request-sas",
  "app-identity": "app-identity",
  "minted-sas": "minted-sas",
  anonymous: "none",
} as const satisfies Record<SourceAuthorization, Authorization>;

/** Every call that a copy of this request may make, and each SAS that it mints. A call may be repeated. */
export function planCalls(
  request: CopyRequest,
  canMint: boolean,
): { reads: PlannedCall[]; writes: PlannedCall[]; mints: PlannedSas[] } {
  const { source, destination, options } = request;
  const bySource = authorizeSource(request, canMint);
  const from = authorizationBySource[bySource];
  // A minted SAS only reads the blob; the identity that signed it makes the other calls.
  const own = from === "minted-sas" ? "app-identity" : from;
  const to = request.destinationSas === null ? "app-identity" : "request-sas";
  const [sourceUrl, target] = [endpointUrl(source), endpointUrl(destination)];
  const [ofSource, ofDestination] = [kindOf(source), kindOf(destination)];
  const rollsBack = options.rollback === "snapshot";
  const ontoItself = isOntoItself(source, destination);
  const onSource = (
    operation: string,
    authorization: Authorization,
    when: string | null = null,
  ) => ({ operation, url: sourceUrl, authorization, when });
  const onTarget = (operation: string, when: string | null = null) =>
    ({ operation, url: target, authorization: to, when }) as const;
  const isMinted = source.service !== "external" && bySource === "minted-sas";
  const reads: PlannedCall[] = [
    ...(bySource === "outside" ? [] : [onSource(`Get ${ofSource} Properties`, from)]),
    ...(isMinted ? [onSource(`Get ${ofSource} Properties`, "none", identityRefused)] : []),
    ...(isMinted ? [keyCall(serviceUrl(source))] : []),
    ...(options.tags === "source" ? [onSource("Get Blob Tags", own)] : []),
    onTarget(`Get ${ofDestination} Properties`),
    onTarget(`Get ${ofDestination} Properties`, pending),
  ];
  const holds = options.sourceLease === "hold";
  const writes: PlannedCall[] = [
    ...(options.ifBusy === "replace"
      ? [onTarget(`Abort Copy ${ofDestination}`, otherPending)]
      : []),
    ...(holds ? [onSource("Lease Blob", own), onSource("Lease Blob", own, released)] : []),
    ...(rollsBack ? [onTarget("Snapshot Blob", ontoItself ? null : exists)] : []),
    onTarget(`Copy ${ofDestination}`),
    onTarget(`Abort Copy ${ofDestination}`, aborted),
    ...(ontoItself ? [] : [onTarget(`Delete ${ofDestination}`, leavesEmpty)]),
  ];
  if (rollsBack) {
    const container = `${serviceUrl(destination)}/${containerOf(destination)}`;
    const snapshots = {
      url: container,
      authorization: to,
      when: ontoItself ? null : exists,
    } as const;
    reads.push({ operation: "List Blobs", ...snapshots });
    reads.push(onTarget("Get Blob Tags", snapshots.when));
    // A copy onto itself gets the metadata of the snapshot, with Ferry's marker.
    writes.push(
      onTarget("Copy Blob", restores),
      onTarget("Set Blob Metadata", ontoItself ? null : restores),
      onTarget("Delete Blob", ontoItself ? null : exists),
    );
  }
  const permissions = options.sourceConditions?.ifTags === undefined ? "r" : "rt";
  const mints = isMinted ? [{ url: sourceUrl, permissions, validDays: mintedDays }] : [];
  return { reads, writes, mints };
}

function keyCall(service: string): PlannedCall {
  // A secondary endpoint issues no keys.
  const url = service.replace(/-secondary(?=[.-])/, "");
  return {
    operation: "Get User Delegation Key",
    url,
    authorization: "app-identity",
    when: noKey,
  };
}

function kindOf({ service }: Endpoint): "Blob" | "File" {
  return service === "file" ? "File" : "Blob";
}
