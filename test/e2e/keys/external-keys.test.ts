import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { readLedger } from "../../support/stack/ledger-blobs.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* A repeated request with a source outside Storage: its query may select the content, and may be a secret. */

const key = (n: number) => Buffer.alloc(32, n).toString("base64");

/** A server whose content depends on the parameter `file`. */
async function startServer(): Promise<string> {
  const server = createServer((request, response) => {
    const file = new URL(request.url ?? "", "http://x").searchParams.get("file") ?? "none";
    const headers = { "content-length": file.length, etag: `"${file}"` };
    response.writeHead(200, { ...headers, "last-modified": new Date(0).toUTCString() });
    response.end(request.method === "HEAD" ? "" : file);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo; // listens on TCP
  return `http://127.0.0.1:${port}`;
}

async function startWithServer() {
  const origin = await startServer();
  const stack = await startStack({
    persistent: true,
    environment: { COPY_SECRET_KEYS: key(1) },
    settings: {
      COPY_ALLOWED: JSON.stringify([
        { from: origin, to: "http://127.0.0.1:10000/devstoreaccount1" },
      ]),
    },
  });
  return { stack, origin };
}

function post(stack: TestStack, source: string) {
  const destination = stack.blob("archive/film.mp4").url;
  const body = { source, destination, options: { overwrite: "always" } };
  return stack.call("POST", "/copies", { headers: { "idempotency-key": "k" }, body });
}

const signed = (n: number) =>
  `X-Amz-Algorithm=a&X-Amz-Date=2026112${n}T000000Z&X-Amz-Signature=secret${n}`;

test.each([
  ["another parameter", "?file=2"],
  ["no parameter", ""],
  ["another parameter, signed", `?file=2&${signed(1)}`],
  ["an additional parameter", "?file=1&part=2"],
  ["an expiry that is not that of a known signature", "?file=1&expires=1"],
])("a request with a key returns 409 with %s in the query", async (_what, query) => {
  const { stack, origin } = await startWithServer();
  const first = await post(stack, `${origin}/download?file=1`);
  expect(first.status).toBe(202);
  await stack.untilEnded(first.json.id);
  expect(await post(stack, `${origin}/download${query}`)).toMatchObject({
    status: 409,
    json: { type: "urn:ferry:problem:idempotency-key-reused" },
  });
  expect(String(await stack.blob("archive/film.mp4").downloadToBuffer())).toBe("1");
});

test("the key of a request returns its copy after the URL was signed again, and no query is stored", async () => {
  const { stack, origin } = await startWithServer();
  const first = await post(stack, `${origin}/download?file=canary&${signed(1)}`);
  expect(first.status).toBe(202);
  await stack.untilEnded(first.json.id);
  const again = await post(stack, `${origin}/download?file=canary&${signed(2)}`);
  expect(again).toMatchObject({ status: 200, json: { id: first.json.id } });
  const stored = [...(await readLedger(stack))].flat().join();
  expect(stored).not.toMatch(/canary|secret/);
  expect(JSON.stringify(first.json) + JSON.stringify(again.json)).not.toMatch(/canary|secret/);
});

test("a repeated request is recognized after a new key of COPY_SECRET_KEYS was added, and 409 after its key was removed", async () => {
  const { stack, origin } = await startWithServer();
  const first = await post(stack, `${origin}/download?file=1`);
  await stack.untilEnded(first.json.id);
  // The stack sets it again when the test ends.
  process.env["COPY_SECRET_KEYS"] = `${key(2)},${key(1)}`;
  await stack.restart();
  const again = await post(stack, `${origin}/download?file=1`);
  expect(again).toMatchObject({ status: 200, json: { id: first.json.id } });
  expect((await post(stack, `${origin}/download?file=2`)).status).toBe(409);
  process.env["COPY_SECRET_KEYS"] = key(2);
  await stack.restart();
  expect((await post(stack, `${origin}/download?file=1`)).status).toBe(409);
});
