import { expect, test } from "vitest";
import { startSample } from "../../support/host/host.ts";
import { exchange } from "../../support/host/raw-http.ts";

/* Requests that no client library sends. The limits are Kestrel's. */

/** A request whose line, with its end, has this many bytes. */
const withLineOf = (bytes: number) => {
  const line = "GET /api/items/all? HTTP/1.1\r\n";
  const padded = line.replace("?", `?${"q".repeat(bytes - line.length)}`);
  return `${padded}Host: localhost\r\nConnection: close\r\n\r\n`;
};

/** A request whose headers, with their line breaks, have this many bytes. */
const withHeadersOf = (bytes: number) => {
  const headers = "Host: localhost\r\nConnection: close\r\nX: \r\n";
  const padded = headers.replace("X: ", `X: ${"x".repeat(bytes - headers.length)}`);
  return `GET /api/items/all HTTP/1.1\r\n${padded}\r\n`;
};

const withHeaders = (count: number) => {
  const more = Array.from({ length: count - 2 }, (_, index) => `X-${index}: 1\r\n`).join("");
  return `GET /api/items/all HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}\r\n`;
};

test.each([
  ["a request line of 8 KB", withLineOf(8_192), 200],
  ["a longer request line", withLineOf(8_193), 414],
  ["a request line of 100 KB", withLineOf(100_000), 414],
  ["headers of 32 KB", withHeadersOf(32_768), 200],
  ["longer headers", withHeadersOf(32_769), 431],
  ["headers of 100 KB", withHeadersOf(100_000), 431],
  ["headers above the limit of Node", withHeadersOf(1_050_000), 431],
  ["100 headers", withHeaders(100), 200],
  ["101 headers", withHeaders(101), 431],
  ["no Host", "GET /api/items/all HTTP/1.1\r\n\r\n", 400],
  ["HTTP/1.0 with Host", "GET /api/items/all HTTP/1.0\r\nHost: localhost\r\n\r\n", 200],
  ["HTTP/1.0 without Host", "GET /api/items/all HTTP/1.0\r\n\r\n", 500],
  ["something other than HTTP", "not HTTP\r\n\r\n", 400],
])("%s", async (_, request, status) => {
  const host = await startSample("web");
  const { head, body } = await exchange(host.port, request);
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  if (status === 200) expect(body).toContain("literal");
  else {
    expect(head).toMatch(/^content-length: 0$/im);
    expect(body).toBe("");
  }
});

test("a body with both a length and chunks is rejected by Node before the app receives it", async () => {
  const host = await startSample("web");
  const { head } = await exchange(
    host.port,
    "POST /api/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n" +
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  );
  expect(head).toMatch(/^HTTP\/1\.1 400 /);
  expect(head).toMatch(/^content-length: 0$/im);
});
