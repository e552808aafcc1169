import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { startAppProxy } from "../../support/cli/app-proxy.ts";
import { startFixedApp } from "../../support/cli/fixed-app.ts";
import { runFerry, startFerry } from "../../support/cli/run-ferry.ts";
import { secondAccount, startStack } from "../../support/stack/test-stack.ts";

/* A SAS and a key reach only the app: neither arguments, which other users of the machine can read, nor logs. */

const secretKey = Buffer.alloc(32, "k").toString("base64");

/** A source in another account, which needs a SAS, and a destination. */
async function startSecrets() {
  const stack = await startStack({ environment: { COPY_SECRET_KEYS: secretKey } });
  const blob = await stack.upload("inbox/film.mp4", "film", secondAccount);
  const [source = "", sas = ""] = (await stack.readSas(blob)).split("?");
  const proxy = await startAppProxy(stack.local.host.url);
  return { stack, proxy, source, sas, destination: stack.blob("archive/film.mp4").url };
}

test.each(["variable", "standard input", "standard input with a question mark"])(
  "a SAS from a %s is only in the request",
  async (place) => {
    const { stack, proxy, source, sas, destination } = await startSecrets();
    const fromVariable = place === "variable";
    const flag = fromVariable ? ["--source-sas-env", "SOURCE_SAS"] : ["--source-sas-stdin"];
    const gate = proxy.hold("POST");
    const ferry = startFerry(["copy", source, destination, ...flag, "--watch"], {
      env: { FERRY_URL: proxy.url, ...(fromVariable ? { SOURCE_SAS: sas } : {}) },
      ...(fromVariable ? {} : { input: `${place.endsWith("mark") ? "?" : ""}${sas}\n` }),
    });
    await gate.held;
    const args = readFileSync(`/proc/${ferry.pid}/cmdline`, "utf8");
    expect(args).toContain(source);
    expect(args).not.toContain("sig=");
    gate.release();
    const [, id = ""] = await ferry.until(/^Copy (\S+)\n/m);
    expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
    const { code, stdout, stderr } = await ferry.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toContain("sig=");
    const posted = proxy.calls.find(({ method }) => method === "POST");
    expect(JSON.parse(posted?.body ?? "")).toEqual({ source: `${source}?${sas}`, destination });
  },
);

test("both SAS from standard input: the source's is the first line; a snapshot stays in the URL", async () => {
  const bodies: string[] = [];
  const url = await startFixedApp((request, response) => {
    request.on("data", (chunk: Buffer) => bodies.push(chunk.toString()));
    request.on("end", () => response.writeHead(400).end());
  });
  const args = ["copy", "https://a/b/c?snapshot=1", "https://d/e/f"];
  const flags = ["--source-sas-stdin", "--destination-sas-stdin"];
  await runFerry([...args, ...flags], {
    env: { FERRY_URL: url },
    input: "sp=r&sig=1\r\nsp=w&sig=2\r\n",
  });
  expect(JSON.parse(bodies.join(""))).toEqual({
    source: "https://a/b/c?snapshot=1&sp=r&sig=1",
    destination: "https://d/e/f?sp=w&sig=2",
  });
});

test.each<[string, string[], string, RegExp]>([
  [
    "a URL in place of a SAS",
    ["--source-sas-stdin"],
    "https://a/b?canary",
    /standard input contains no SAS/,
  ],
  [
    "two lines for one SAS",
    ["--source-sas-stdin"],
    "sig=canary\nsig=canary",
    /more lines than SAS/,
  ],
  ["two places", ["--source-sas-stdin", "--source-sas-env", "S"], "sig=canary", /from two places/],
  [
    "one of two",
    ["--source-sas-stdin", "--destination-sas-stdin"],
    "sig=canary",
    /SAS of the destination/,
  ],
  ["too much", ["--source-sas-stdin"], "canary".repeat(20_000), /more than 64 KiB/],
])(
  "standard input that cannot be used exits with 2, and is not shown: %s",
  async (_, flags, input, message) => {
    const args = ["copy", "https://a/b/c", "https://d/e/f", ...flags];
    const { code, stdout, stderr } = await runFerry(args, { input });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("canary");
  },
);

test("the key is sent in a header, and never printed", async () => {
  const keys: unknown[] = [];
  const url = await startFixedApp((request, response) => {
    keys.push(request.headers["x-functions-key"]);
    response.writeHead(500, { "content-type": "text/html" }).end("canary-key");
  });
  for (const args of [
    ["list"],
    ["list", "--json"],
    ["show", "x"],
    ["copy", "https://a/b/c", "https://d/e/f"],
  ]) {
    const { stdout, stderr } = await runFerry(args, {
      env: { FERRY_URL: url, FERRY_KEY: "canary-key" },
    });
    expect(stdout + stderr).not.toContain("canary");
  }
  expect(new Set(keys)).toEqual(new Set(["canary-key"]));
});

test.each([[[]], [["--json"]]])(
  "a SAS instead of the name of its variable is not printed, with %j",
  async (flags) => {
    const args = ["copy", "https://a/b/c", "https://d/e/f", ...flags];
    for (const side of ["source", "destination"]) {
      const { code, stdout, stderr } = await runFerry([
        ...args,
        `--${side}-sas-env`,
        "sv=2026&sp=r&sig=canary%3D",
      ]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain(`--${side}-sas-env is not the name of a variable`);
      expect(stderr).not.toContain("canary");
    }
  },
);

const signed = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=60&X-Amz-Signature=canary";

test("a URL that is signed outside Storage is passed like a SAS, and rejected in the arguments", async () => {
  const bodies: string[] = [];
  const url = await startFixedApp((request, response) => {
    request.on("data", (chunk: Buffer) => bodies.push(chunk.toString()));
    request.on("end", () => response.writeHead(400).end());
  });
  const env = { FERRY_URL: url, SIGNED: signed };
  const from = "https://s3.example.com/bucket/film.mp4?versionId=1";
  await runFerry(["copy", from, "https://d/e/f", "--source-sas-env", "SIGNED"], { env });
  const input = `?${signed}\n`;
  await runFerry(["copy", from, "https://d/e/f", "--source-sas-stdin"], { env, input });
  const sent = `{"source":"${from}&${signed}","destination":"https://d/e/f"}`;
  expect(bodies).toEqual([sent, sent]);
  const refused = await runFerry(["copy", `${from}&${signed}`, "https://d/e/f"], { env });
  expect({ code: refused.code, stdout: refused.stdout, sent: bodies.length }).toEqual({
    code: 2,
    stdout: "",
    sent: 2,
  });
  expect(refused.stderr).toMatch(/^ferry: Cannot take a SAS or another secret from the arguments/);
  expect(refused.stderr).not.toContain("canary");
});

test.each([
  ["an account key", `${"aB3+".repeat(21)}aB==`],
  ["a name and a value without a secret", "file=1"],
  ["a whole URL", "https://a/b?sig=canary"],
])("%s is not a SAS, and is not sent", async (_, text) => {
  const flags = ["--source-sas-env", "WRONG"];
  const args = ["copy", "https://a/b/c", "https://d/e/f", ...flags];
  const { code, stdout, stderr } = await runFerry(args, { env: { WRONG: text } });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/the variable WRONG contains no SAS\nFix: A SAS is a text such as/);
  expect(stderr).not.toContain(text);
});

const sas = "sv=2026&sp=r&sig=canary%3D";

test.each([
  [["list", "--limit", sas]],
  [["copy", "https://a/b/c", "https://d/e/f", "--tag", `a=${sas}`, "--tag", `a=${sas}`]],
  [["copy", "https://a/b/c", "https://d/e/f", `--source-sas=${sas}`]],
  [["list", "--timeout", `https://a/b?${sas}`]],
  [[sas]],
])("an error about arguments does not quote a SAS: %j", async (args) => {
  for (const more of [[], ["--json"]]) {
    const { code, stdout, stderr } = await runFerry([...args, ...more]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).not.toContain("canary");
  }
});
