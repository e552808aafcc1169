import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../clock.ts";
import { identity, issueToken } from "./access-tokens.ts";

/** The values of `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` for an app. */
export type IdentityEndpoint = { url: string; header: string };

/**
 * Issues tokens of the emulator's identity to callers that send the header, like App Service for a managed
 * identity (page "How to use managed identities for App Service", REST endpoint reference). Uses plain
 * http as App Service does: requests never leave the machine.
 *
 * The identity SDK keeps using the first endpoint of its process. Therefore a process has one endpoint,
 * which outlives its emulators and uses the clock of the latest emulator.
 */
export function startIdentityEndpoint(clockOfLatestEmulator: Clock): Promise<IdentityEndpoint> {
  clock = clockOfLatestEmulator;
  return (started ??= start());
}

let clock: Clock;
let started: Promise<IdentityEndpoint> | undefined;

async function start(): Promise<IdentityEndpoint> {
  const header = randomUUID();
  const server = createServer((incoming, outgoing) => {
    handleRequest(incoming, outgoing, header);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const { port } = server.address() as AddressInfo; // only a server on a pipe has a different kind
  return { url: `http://127.0.0.1:${port}${path}`, header };
}

const path = "/msi/token";

function handleRequest(incoming: IncomingMessage, outgoing: ServerResponse, header: string): void {
  const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://127.0.0.1");
  const send = (status: number, body: object) => {
    outgoing.writeHead(status, { "Content-Type": "application/json" });
    outgoing.end(JSON.stringify(body));
  };
  const refuse = (statusCode: number, message: string) => send(statusCode, { statusCode, message });
  if (incoming.method !== "GET" || pathname !== path) {
    return refuse(404, `The only endpoint is GET ${path}`);
  }
  if (incoming.headers["x-identity-header"] !== header) {
    return refuse(401, "X-IDENTITY-HEADER differs from IDENTITY_HEADER");
  }
  const resource = searchParams.get("resource");
  if (searchParams.get("api-version") !== "2019-08-01" || resource === null) {
    return refuse(400, "api-version must be 2019-08-01, and resource is required");
  }
  const { token, expiresAt } = issueToken(resource, clock.now());
  send(200, {
    access_token: token,
    expires_on: String(expiresAt),
    resource,
    token_type: "Bearer",
    client_id: identity.clientId,
  });
}
