import { afterAll, beforeAll, expect, test } from "vitest";
import { verify } from "../../../infra/verify/checks.ts";
import type { VerifyOptions } from "../../../infra/verify/checks.ts";
import { openStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const at = (container: string) => `http://127.0.0.1:10000/devstoreaccount1/${container}`;
const pair = { from: at("inbox"), to: at("archive") };
const route = {
  name: "films",
  source: at("watched"),
  prefix: "new/",
  glob: "new/*.{mp4,mov}",
  destination: at("copied/{year}/{stem}.{ext}"),
};

let stack: TestStack;

beforeAll(async () => {
  const settings = { COPY_ALLOWED: JSON.stringify([pair]), COPY_ROUTES: JSON.stringify([route]) };
  stack = await openStack({ settings, events: {} });
  for (const container of ["inbox", "archive", "watched", "copied", "other"]) {
    await stack.container(container).createIfNotExists();
  }
});
afterAll(() => stack.close());

/** The checks against the local stack, in virtual time. */
async function run(changes: Partial<VerifyOptions> = {}) {
  const lines: string[] = [];
  const origin = new URL(stack.blob("inbox/x").url).origin;
  const blob = (url: string) => {
    const [, , ...path] = new URL(url.replace("http://127.0.0.1:10000", origin)).pathname.split(
      "/",
    );
    return stack.blob(path.join("/"));
  };
  const failed = await verify({
    api: async (method, path, body) => {
      const text = JSON.stringify(body ?? {}).replaceAll("http://127.0.0.1:10000", origin);
      const response = await stack.call(method, path, method === "GET" ? {} : { raw: text });
      return { status: response.status, body: response.json };
    },
    storage: {
      create: async (url, text) => void (await blob(url).upload(text, text.length)),
      read: async (url) => {
        if (!(await blob(url).exists())) return null;
        return (await blob(url).downloadToBuffer()).toString();
      },
      remove: async (url) => void (await blob(url).deleteIfExists()),
    },
    pairs: [pair],
    routes: [route],
    id: "0a1b",
    now: () => stack.clock.now(),
    pause: async (ms) => {
      await stack.clock.settled();
      await stack.clock.advance(ms);
    },
    report: (line) => lines.push(line),
    ...changes,
  });
  return { failed, lines };
}

test("a working deployment passes every check, and no test object remains", async () => {
  expect(await run()).toEqual({
    failed: 0,
    lines: [
      "pass  the app is healthy",
      `pass  a copy from ${pair.from} to ${pair.to}`,
      "pass  an abort",
      'pass  an event of the route "films"',
    ],
  });
  for (const container of ["inbox", "archive", "watched", "copied"]) {
    const names = [];
    for await (const { name } of stack.container(container).listBlobsFlat()) names.push(name);
    expect(names).toEqual([]);
  }
});

test("a pair that the app does not allow fails with Ferry's reason", async () => {
  const { failed, lines } = await run({
    pairs: [{ from: pair.from, to: at("other") }],
    routes: [],
  });
  expect(failed).toBe(2);
  expect(lines[1]).toMatch(/^FAIL  a copy from .+: Ferry responded with 403: /);
  expect(lines[2]).toMatch(/^FAIL  an abort: Ferry responded with 403: /);
});

test("an account that cannot be reached fails with the cause and the fix", async () => {
  const { failed, lines } = await run({
    pairs: [{ from: at("inbox"), to: at("archive") }],
    routes: [],
    storage: {
      create: async () => {},
      read: async () => null,
      remove: async () => {},
    },
  });
  expect(failed).toBe(2);
  expect(lines[1]).toMatch(/: source-not-found: .+\. .+/);
});

test("an event that does not arrive fails after five minutes", async () => {
  const { failed, lines } = await run({
    pairs: [],
    routes: [{ ...route, source: at("other") }],
  });
  expect(failed).toBe(1);
  expect(lines.at(-1)).toMatch(
    /^FAIL  an event of the route "films": nothing arrived at .+\/copied\//,
  );
});

test("a source outside Storage is skipped, and reported as skipped", async () => {
  const web = { from: "https://downloads.example.org/public", to: at("archive") };
  const { failed, lines } = await run({ pairs: [web], routes: [] });
  expect({ failed, lines }).toEqual({
    failed: 0,
    lines: [
      "skip  https://downloads.example.org/public is outside Azure Storage, where this script cannot write a source",
      "pass  the app is healthy",
    ],
  });
});

test("objects that cannot be removed are named", async () => {
  const failing = async () => Promise.reject(new Error("403"));
  const { lines } = await run({
    routes: [],
    storage: { create: async () => {}, read: async () => null, remove: failing },
  });
  expect(lines).toContain(`note  Cannot remove ${pair.from}/ferry-verify-0a1b.txt: Error: 403`);
});
