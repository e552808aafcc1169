import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createSocketServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { generate } from "selfsigned";
import { expect, onTestFinished, test } from "vitest";
import { createFerry, FerryError } from "../../../src/client/ferry.ts";
import { scriptedFerry } from "../../support/client/scripted-app.ts";
import type { FerryOptions } from "../../../src/client/ferry.ts";

/* Connections that fail, against real servers where possible: each error has a reason and a fix. */

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function failureOf(url: string, options: Partial<FerryOptions> = {}) {
  const pauses: number[] = [];
  const runtime = {
    pause: async (ms: number) => void pauses.push(ms),
    timeout: () => new AbortController().signal,
    random: () => 0.5,
    newKey: () => "key",
  };
  const error: unknown = await createFerry({ url, urlName: "FERRY_URL", ...options }, runtime)
    .health()
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FerryError);
  const { message, fix, causeName, mayHaveArrived } = error as FerryError;
  return { message, fix, causeName, mayHaveArrived, pauses: pauses.length };
}

const onSocket = (act: (socket: Socket) => void) =>
  createSocketServer((socket) => {
    socket.on("error", () => {}); // the other side has closed it
    act(socket);
  });

test("https to a port of http: it does not speak TLS; on this machine, use http", async () => {
  const port = await listen(createServer((_, response) => response.end("{}")));
  expect(await failureOf(`https://127.0.0.1:${port}`)).toEqual({
    message: `Cannot call GET https://127.0.0.1:${port}/api/health because the server at this address does not speak TLS: ERR_SSL_WRONG_VERSION_NUMBER`,
    fix: "Use http:// in FERRY_URL",
    causeName: "wrong-protocol",
    mayHaveArrived: false,
    pauses: 0,
  });
});

test("a certificate that this machine does not trust", async () => {
  const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }]);
  const port = await listen(createTlsServer({ key, cert }));
  expect(await failureOf(`https://127.0.0.1:${port}`)).toMatchObject({
    message: expect.stringMatching(/because its certificate is not from an issuer .+: [A-Z_]+$/),
    fix: expect.stringContaining("set NODE_EXTRA_CA_CERTS"),
    causeName: "not-trusted",
    mayHaveArrived: false,
    pauses: 0,
  });
});

test("http to a port of https, or to a server that hangs up: the call may have arrived", async () => {
  const port = await listen(onSocket((socket) => socket.destroy()));
  expect(await failureOf(`http://127.0.0.1:${port}`)).toMatchObject({
    message: expect.stringContaining("the connection was closed before the response was complete"),
    fix: "Try again; if the server speaks TLS, use https:// in FERRY_URL",
    causeName: "network",
    mayHaveArrived: true,
    pauses: 3,
  });
});

test("a server of another protocol", async () => {
  const port = await listen(onSocket((socket) => void socket.write("SSH-2.0-x\r\n")));
  expect(await failureOf(`http://127.0.0.1:${port}`)).toMatchObject({
    message: expect.stringContaining("the server at this address does not speak HTTP: H"),
    fix: "Check the port in FERRY_URL",
    causeName: "wrong-protocol",
    pauses: 0,
  });
});

test.each([
  ["ECONNREFUSED", "nothing listens at this address", false],
  ["ENOTFOUND", "its host has no address", false],
  ["EAI_AGAIN", "the address of its host could not be looked up", false],
  ["EHOSTUNREACH", "the network has no route to this address", false],
  ["ENETUNREACH", "the network has no route to this address", false],
  ["UND_ERR_CONNECT_TIMEOUT", "the connection was not made in time", false],
  ["ETIMEDOUT", "the response did not come in time", true],
  ["UND_ERR_HEADERS_TIMEOUT", "the response did not come in time", true],
  ["CERT_HAS_EXPIRED", "its certificate is not valid at this time", false],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "its certificate is for another host", false],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "its certificate is not from an issuer", false],
  ["SELF_SIGNED_CERT_IN_CHAIN", "its certificate is not from an issuer", false],
  ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "the TLS connection failed", false],
  ["ECONNRESET", "the connection was closed before the response was complete", true],
  ["UND_ERR_SOCKET", "the connection was closed before the response was complete", true],
  ["EANYTHING", "there was no complete response", true],
])("%s is explained: %s", async (code, reason, mayHaveArrived) => {
  const failed = () => new TypeError("fetch failed", { cause: { code } });
  const { ferry } = scriptedFerry([failed(), failed(), failed(), failed()]);
  const error: unknown = await ferry.health().catch((each: unknown) => each);
  expect(error).toMatchObject({ kind: "network", mayHaveArrived });
  const { message, fix } = error as FerryError;
  expect(message).toContain(`because ${reason}`);
  expect(message).toMatch(new RegExp(`: ${code}$`));
  expect(fix).not.toContain("the URL");
});

test("beyond this machine, http is not the fix for a server without TLS", async () => {
  const failed = new TypeError("fetch failed", { cause: { code: "ERR_SSL_WRONG_VERSION_NUMBER" } });
  const { ferry } = scriptedFerry([failed], { url: "https://example.azurewebsites.net" });
  const error: unknown = await ferry.health().catch((each: unknown) => each);
  expect((error as FerryError).fix).toMatch(/^Check the port in the app's URL; http:\/\/ is only /);
});

test("a browser gives no code: the error has its message", async () => {
  const failed = () => new TypeError("Failed to fetch");
  const { ferry } = scriptedFerry([failed(), failed(), failed(), failed()]);
  const error: unknown = await ferry.health().catch((each: unknown) => each);
  expect((error as FerryError).message).toMatch(
    /because there was no complete response: Failed to fetch$/,
  );
});
