import type { HostRequest, HostResponse } from "./http-server.ts";

/** The media types of bodies that each of the host's own routes accepts. */
export const jsonTypes = {
  admin: ["application/json"],
  durabletask: ["application/json"],
  eventgrid: [
    "application/json",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
  ],
} as const;

/**
 * Rejects a body of another media type with 415; undefined for an accepted one, and for a request without a body. A web
 * page can send other types, and bodies without a type, to any address without a preflight (Fetch standard,
 * "CORS-safelisted request-header"). The Functions host accepts them.
 */
export function refuseBodyType(
  { headers, body }: HostRequest,
  accepted: readonly string[],
): HostResponse | undefined {
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (body.length === 0 || accepted.includes(type)) return undefined;
  const [first, ...others] = accepted;
  const choice = others.length === 0 ? "" : `, or with ${others.join(" or ")}`;
  return {
    status: 415,
    headers: { "content-type": "text/plain; charset=utf-8", accept: accepted.join(", ") },
    body: `Cannot read the body because it is not sent as JSON. Send the header "Content-Type: ${first}"${choice}`,
  };
}
