import { execFile } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startAppProxy } from "../../support/cli/app-proxy.ts";
import { copyBody, sendJson, startFixedApp } from "../../support/cli/fixed-app.ts";
import { runFerry, startFerry } from "../../support/cli/run-ferry.ts";
import { startStack } from "../../support/stack/test-stack.ts";

/*
 * The messages and exit codes of `ferry` for wrong arguments, wrong settings, and failures of the app or the network.
 */

const source = "https://acct1.blob.core.windows.net/inbox/film.mp4";
const destination = "https://acct2.blob.core.windows.net/archive/film.mp4";

test.each<[string, string[], RegExp]>([
  ["no command", [], /^Usage: ferry/],
  ["an unknown command", ["cpoy"], /unknown command 'cpoy'\n\(Did you mean copy\?\)/],
  ["an unknown flag", ["list", "--key", "x"], /unknown option '--key'/],
  ["no source", ["copy"], /missing required argument 'source'/],
  ["no destination", ["copy", source], /Cannot copy because there is no destination/],
  [
    "a route and a destination",
    ["copy", source, destination, "--route", "x"],
    /Cannot copy along a/,
  ],
  [
    "a wrong choice",
    ["copy", source, destination, "--overwrite", "no"],
    /Allowed choices are fail/,
  ],
  ["a wrong pair", ["copy", source, destination, "--tag", "team"], /a name and a value with =/],
  [
    "a pair twice",
    ["copy", source, destination, "--tag", "a=1", "--tag", "a=2"],
    /a is given twice/,
  ],
  [
    "a wrong condition",
    ["copy", source, destination, "--source-if", "x=1"],
    /must be one of match/,
  ],
  ["a wrong limit", ["list", "--limit", "0"], /must be a number above 0/],
  ["a wrong timeout", ["list", "--timeout", "-1"], /a number of seconds above 0/],
  [
    "a dry run that is watched",
    ["copy", source, destination, "--dry-run", "--watch"],
    /option '-n, --dry-run' cannot be used with option '-w, --watch'/,
  ],
  [
    "a dry run with a key",
    ["copy", source, destination, "--dry-run", "--idempotency-key", "x"],
    /option '-n, --dry-run' cannot be used with option '--idempotency-key <key>'/,
  ],
  ["no id", ["wait"], /missing required argument 'id'/],
  ["an invalid id", ["show", "../health"], /Cannot use the id because/],
  [
    "a SAS in the arguments",
    ["copy", `${source}?sp=r&sig=canary`, destination],
    /Cannot take a SAS or another secret from/,
  ],
  [
    "a SAS in a filter",
    ["list", "--source", `${source}?sig=canary`],
    /Cannot take a SAS or another secret from/,
  ],
  [
    "a SAS from an empty variable",
    ["copy", source, destination, "--source-sas-env", "NONE"],
    /the variable NONE is not set\nFix: Set it and export it/,
  ],
  [
    "a SAS from an empty input",
    ["copy", source, destination, "--source-sas-stdin"],
    /standard input is empty/,
  ],
])("wrong arguments exit with 2: %s", async (_, args, message) => {
  const calls: string[] = [];
  const url = await startFixedApp((request, response) => {
    calls.push(request.url ?? "");
    response.end();
  });
  const { code, stdout, stderr } = await runFerry(args, { env: { FERRY_URL: url } });
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain("canary");
  expect({ code, stdout, calls }).toEqual({ code: 2, stdout: "", calls: [] });
});

test.each<[string, Record<string, string>, RegExp]>([
  [
    "an invalid URL",
    { FERRY_URL: "ferry" },
    /^ferry: Cannot use FERRY_URL because it is not a URL: ferry\nFix: Use a URL such as /,
  ],
  [
    "a key in place of the URL",
    { FERRY_URL: "canary0123456789canary0123456789==" },
    /because it is not a URL; its value is not shown, because it may be secret\n/,
  ],
  [
    "a long word in place of the URL",
    { FERRY_URL: "canary0123456789canary0123456789canary" },
    /because it is not a URL; its value is not shown, because it may be secret\n/,
  ],
  [
    "a password in the URL",
    { FERRY_URL: "https://user:canary@example.com/api" },
    /because it contains a user or a password: https:\/\/example.com\/api\n/,
  ],
  [
    "a key in the URL",
    { FERRY_URL: "https://x/?code=canary" },
    /because it contains a query, .+: https:\/\/x\/\n/,
  ],
  ["a key with a space", { FERRY_KEY: "canary x" }, /Cannot use the key because it has characters/],
  [
    "a key over http",
    { FERRY_URL: "http://example.com", FERRY_KEY: "canary" },
    /http is not encrypted/,
  ],
])("wrong settings exit with 2: %s", async (_, env, message) => {
  const { code, stdout, stderr } = await runFerry(["list"], { env });
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain("canary");
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
});

test("a request that the app rejects exits with 4, and names each field; with --json as JSON", async () => {
  const stack = await startStack();
  const env = { FERRY_URL: stack.local.host.url };
  const args = ["copy", "ftp://a", stack.blob("archive/x").url, "--destination-lease", "x"];
  const { code, stdout, stderr } = await runFerry(args, { env });
  expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
  expect(stderr).toMatch(
    /^ferry: The request is not valid: 2 problems found; nothing was started\n/,
  );
  expect(stderr).toMatch(/^ {2}<source> .+$/m);
  expect(stderr).toMatch(/^ {2}--destination-lease .+$/m);
  const json = await runFerry([...args, "--json"], { env });
  expect({ code: json.code, stdout: json.stdout }).toEqual({ code: 4, stdout: "" });
  expect(JSON.parse(json.stderr)).toMatchObject({
    error: {
      cause: "invalid-request",
      status: 400,
      errors: expect.arrayContaining([expect.objectContaining({ pointer: "/source" })]),
    },
  });
  const unknown = await runFerry(["show", "01a1fb9f-20ed-74d5-ab99-256a8184e096"], { env });
  expect(unknown.code).toBe(4);
  expect(unknown.stderr).toMatch(
    /^ferry: 01a1fb9f-20ed-74d5-ab99-256a8184e096: There is no such copy: /,
  );
});

test("if the server is down, ferry tries again, reports this, and exits with 5", async () => {
  // A port on which nothing listens any more.
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise((resolve) => server.close(resolve));
  const list = await runFerry(["list"], { env: { FERRY_URL: url } });
  expect({ code: list.code, stdout: list.stdout }).toEqual({ code: 5, stdout: "" });
  const lines = list.stderr.trimEnd().split("\n");
  expect(lines).toHaveLength(5);
  expect(lines[0]).toMatch(
    /listens at this address: ECONNREFUSED; the next attempt is in \d\.\d s$/,
  );
  expect(lines[3]).toBe(
    `ferry: Cannot call GET ${url}/api/copies because nothing listens at this address: ECONNREFUSED`,
  );
  expect(lines[4]).toBe(
    "Fix: Check that the app is running, and that the host and the port in FERRY_URL are right",
  );
  const start = await runFerry(["copy", source, destination], { env: { FERRY_URL: url } });
  expect(start.code).toBe(5);
  expect(start.stderr).not.toContain("may have been started");
  const json = await runFerry(["list", "--json"], { env: { FERRY_URL: url } });
  expect(JSON.parse(json.stderr)).toMatchObject({ error: { cause: "network", status: null } });
});

test("a slow server: ferry waits for its response", async () => {
  const stack = await startStack();
  const { url: from } = await stack.upload("inbox/film.mp4", "film");
  const proxy = await startAppProxy(stack.local.host.url);
  const gate = proxy.hold("POST");
  const args = ["copy", from, stack.blob("archive/film.mp4").url];
  const ferry = startFerry(args, { env: { FERRY_URL: proxy.url } });
  await gate.held;
  expect(ferry.stdout() + ferry.stderr()).toBe("");
  gate.release();
  expect(await ferry.ended).toMatchObject({ code: 0, stderr: "" });
});

// On a busy machine a call can time out before it reaches the server: test/unit/client counts the attempts.
test("a server that never responds: ferry exits with 5 after --timeout", async () => {
  const url = await startFixedApp(() => {});
  const args = ["list", "--timeout", "0.05"];
  const { code, stderr } = await runFerry(args, { env: { FERRY_URL: url } });
  expect(code).toBe(5);
  expect(stderr).toContain(
    "because there was no response within 0.05 s\nFix: Try again, or allow more time with --timeout ",
  );
  const copy = ["copy", source, destination, "--timeout", "0.05"];
  const start = await runFerry(copy, { env: { FERRY_URL: url } });
  expect(start.stderr).toMatch(
    /\nThe copy may have been started. To find out, repeat .+ --idempotency-key \S+\n$/,
  );
});

test("a server that is not Ferry: a page, a sign-in, JSON of another app", async () => {
  const replies = [
    { status: 200, type: "text/html", text: "<h1>\u001b[2JHello</h1>" },
    { status: 302, type: "text/html", text: "" },
    { status: 200, type: "application/json", text: "[]" },
    { status: 401, type: "text/plain", text: "" },
  ];
  const left = [...replies];
  const url = await startFixedApp((_, response) => {
    const { status, type, text } = left.shift() ?? { status: 500, type: "", text: "" };
    response
      .writeHead(status, { "content-type": type, location: "https://login.example" })
      .end(text);
  });
  const seen: string[] = [];
  for (const _ of replies) {
    const { code, stderr } = await runFerry(["list"], {
      env: { FERRY_URL: url, FERRY_KEY: "canary" },
    });
    expect(code).toBe(5);
    expect(stderr).not.toContain("canary");
    seen.push(stderr.split("\n")[0] ?? "");
  }
  expect(seen).toEqual([
    expect.stringContaining("not from Ferry: status 200, text/html"),
    expect.stringContaining("it redirects, and the client follows no redirect: status 302"),
    expect.stringContaining("not from Ferry: status 200, application/json"),
    expect.stringContaining("the host rejected the key, or needs one: status 401"),
  ]);
});

test("a text with control characters is printed escaped, and is whole in JSON", async () => {
  const text =
    "line\nfeed \u001b[31mred\u001b]0;title\u0007 \u202etxt.exe \u200fx\u2066y\u200b\ufeff \r\u0085\u009b1m";
  const error = { cause: "internal", message: text, fix: text, retryable: false, storage: null };
  const copy = copyBody({
    status: "failed",
    destination: `https://a/b/${text}`,
    error,
    residue: [text],
  });
  const url = await startFixedApp((request, response) => {
    const { links, id, status, source, destination, createdAt, completedAt } = copy;
    const item = {
      id,
      status,
      source,
      destination,
      createdAt,
      completedAt,
      cause: null,
      bytes: 1,
      progress: null,
      links,
    };
    sendJson(response, request.url === "/api/copies" ? { items: [item], nextCursor: null } : copy);
  });
  const env = { FERRY_URL: url };
  for (const args of [["show", copy.id], ["wait", copy.id], ["list"]]) {
    const { stdout, stderr } = await runFerry(args, { env });
    expect(stderr).toBe("");
    expect(stdout).not.toMatch(/[^\n\u0020-\u007e]/);
    expect(stdout.split("\n").filter((line) => line === "feed")).toEqual([]);
    const json = await runFerry([...args, "--json"], { env });
    expect(json.stdout).not.toMatch(/[^\n\u0020-\u007e]/);
    expect(json.stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(JSON.parse(json.stdout).destination).toBe(copy.destination);
  }
  const rejected = await startFixedApp((_, response) => {
    const errors = [{ pointer: `/${text}`, message: text }];
    sendJson(response, { type: "urn:x", title: text, status: 400, detail: text, errors }, 400);
  });
  const { stderr } = await runFerry(["list"], { env: { FERRY_URL: rejected } });
  expect(stderr).not.toMatch(/[^\n\u0020-\u007e]/);
});

test("a blob name with a line feed is rejected, and printed on one line", async () => {
  const stack = await startStack();
  const from = stack.blob("inbox/line\nfeed").url;
  expect(from).toContain("line%0Afeed");
  for (const name of [from, from.replace("%0A", "\n")]) {
    const args = ["copy", name, stack.blob("archive/x").url];
    const { code, stderr } = await runFerry(args, { env: { FERRY_URL: stack.local.host.url } });
    expect(code).toBe(4);
    // The problem, its field, and the fix.
    expect(stderr.trimEnd().split("\n")).toHaveLength(3);
    expect(stderr).toMatch(/\n {2}<source> has the character U\+000A LINE FEED/);
  }
});

test("a reader that closes the pipe, such as head, ends ferry without an error", async () => {
  const item = copyBody({ bytes: 1, cause: null });
  const url = await startFixedApp((request, response) => {
    const page = Number(new URL(request.url ?? "", "http://x").searchParams.get("cursor") ?? "0");
    sendJson(response, { items: Array(50).fill(item), nextCursor: String(page + 1) });
  });
  const command = `"${process.execPath}" dist/cli/main.js list --all | head -n 2; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await promisify(execFile)("bash", ["-c", command], {
    env: { ...process.env, FERRY_URL: url },
  });
  expect(stderr).toBe("");
  expect(stdout.trimEnd().split("\n").at(-1)).toBe("0");
});

test.each([
  [
    ["copy", source, destination, "--overwrite", "no"],
    /^option '--overwrite <rule>' argument 'no'/,
  ],
  [["lsit"], /^unknown command 'lsit'/],
  [["wait"], /^missing required argument 'id'/],
])("with --json, wrong arguments are JSON too: %j", async (args, message) => {
  const { code, stdout, stderr } = await runFerry([...args, "--json"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(JSON.parse(stderr)).toEqual({
    error: {
      cause: "usage",
      message: expect.stringMatching(message),
      fix: "To see the arguments, add --help",
      status: null,
      errors: [],
    },
  });
});

test("of several copies, an error names its copy", async () => {
  const stack = await startStack();
  const env = { FERRY_URL: stack.local.host.url };
  const ids = ["01a1fb9f-20ed-74d5-ab99-256a8184e096", "01a1fb9f-20ed-74d5-ab99-256a8184e097"];
  for (const command of ["show", "wait", "abort"]) {
    const text = await runFerry([command, ...ids], { env });
    const json = await runFerry([command, ...ids, "--json"], { env });
    for (const id of ids) expect(text.stderr).toContain(`ferry: ${id}: There is no such copy`);
    const lines = json.stderr.trim().split("\n");
    const named = lines.map((line) => (JSON.parse(line) as { error: { id: string } }).error.id);
    expect(named.toSorted()).toEqual(ids);
  }
});
