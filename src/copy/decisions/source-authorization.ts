import type { Destination, Endpoint } from "../location/endpoint.ts";

/**
 * The authorization of reads of the source, by Ferry and by Storage:
 *
 * - `outside`: none. Only Storage reads a source outside Storage.
 * - `request-sas`: the SAS in the request.
 * - `app-identity`: the authorization of the call that starts the copy, which is the app's own.
 * - `minted-sas`: a SAS that the app's identity signs; none if the identity is refused, because the source may be public.
 * - `anonymous`: none, so the source must be public.
 */
export type SourceAuthorization =
  | "outside"
  | "request-sas"
  | "app-identity"
  | "minted-sas"
  | "anonymous";

/** The endpoints of a copy; each SAS is null if the request has none. */
type Authorized = {
  source: Endpoint;
  destination: Destination;
  sourceSas: object | string | null;
  destinationSas: object | string | null;
};

/** Decides the authorization of reads of the source. `canMint`: the app's identity can sign a SAS for it. */
export function authorizeSource(copy: Authorized, canMint: boolean): SourceAuthorization {
  const { source, sourceSas } = copy;
  if (source.service === "external") return "outside";
  if (sourceSas !== null) return "request-sas";
  // "Copy File" reads a file of its own account with the account's key; it does not document tokens.
  const mustMint = source.service === "file" && canMint;
  if (isSameAccount(copy) && !mustMint) return "app-identity";
  return canMint ? "minted-sas" : "anonymous";
}

/**
 * Returns true if the start call's own authorization covers the source. Only the app's identity can read both sides; a
 * SAS on the destination gives access to nothing else. Authorization never extends from Blob to Files or back
 * ("Copy File").
 */
function isSameAccount({ source, destination, destinationSas }: Authorized): boolean {
  return (
    destinationSas === null &&
    source.service === destination.service &&
    source.origin === destination.origin &&
    source.account === destination.account
  );
}
