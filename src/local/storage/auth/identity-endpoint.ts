import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../clock.ts";
import { identity, issueToken } from "./access-tokens.ts";

/** What an app finds in `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`. */
export type IdentityEndpoint = { url: string; header: string };

/**
 * Gives tokens of the emulator's one identity to whoever knows the header, as App Service does for a
 * managed identity (page "How to use managed identities for App Service", REST endpoint reference). On
 * plain http, as there: it never leaves the machine.
 *
 * The identity SDK keeps asking the endpoint that its process met first. So a process has one, which
 * outlives its emulators and goes by the clock of the one that was started last.
 */
export function startIdentityEndpoint(ofLastEmulator: Clock): Promise<IdentityEndpoint> {
  clock = ofLastEmulator;
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
  const { port } = server.address() as AddressInfo; // a listening TCP server has no other kind
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
    return refuse(404, `There is only GET ${path}`);
  }
  if (incoming.headers["x-identity-header"] !== header) {
    return refuse(401, "X-IDENTITY-HEADER is not IDENTITY_HEADER");
  }
  const resource = searchParams.get("resource");
  if (searchParams.get("api-version") !== "2019-08-01" || resource === null) {
    return refuse(400, "api-version must be 2019-08-01, and resource must be there");
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
