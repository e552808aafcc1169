import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundlePage } from "../../../infra/package/bundle-page.ts";
import { openStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* The page is anonymous and contains no data, so only its rights in a browser matter. */

let stack: TestStack;
beforeAll(async () => {
  stack = await openStack({
    environment: { FUNCTIONS_KEYS: "master=m4ster;default=h0st;eventgrid_extension=3vents" },
  });
});
afterAll(() => stack.close());

const files = {
  dashboard: "text/html; charset=utf-8",
  "dashboard/page.js": "text/javascript; charset=utf-8",
  "dashboard/page.css": "text/css; charset=utf-8",
  "dashboard/icon.svg": "image/svg+xml",
};
const load = (path: string, init: RequestInit = {}) =>
  fetch(`${stack.local.host.url}/api/${path}`, { redirect: "manual", ...init });

describe.each(Object.entries(files))("%s", (path, type) => {
  test("needs no key, and is the page's own", async () => {
    const response = await load(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(type);
    expect((await response.text()).length).toBeGreaterThan(100);
  });

  test("may run only its own script, connect only to its own origin, and be framed by no page", async () => {
    const { headers } = await load(path);
    const policy = new Map(
      (headers.get("content-security-policy") ?? "").split("; ").map((part) => {
        const [name = "", ...values] = part.split(" ");
        return [name, values.join(" ")];
      }),
    );
    expect(Object.fromEntries(policy)).toEqual({
      "default-src": "'none'",
      "script-src": "'self'",
      "style-src": "'self'",
      "connect-src": "'self'",
      "img-src": "'self'",
      "base-uri": "'none'",
      "form-action": "'none'",
      "frame-ancestors": "'none'",
      "require-trusted-types-for": "'script'",
      "trusted-types": "'none'",
    });
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
  });

  test("is revalidated at each load, and sent only if it has changed", async () => {
    const { headers } = await load(path);
    const etag = headers.get("etag") ?? "";
    expect(headers.get("cache-control")).toBe("no-cache");
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await load(path, { headers: { "if-none-match": known } });
      expect([again.status, await again.text()]).toEqual([304, ""]);
      expect(again.headers.get("content-security-policy")).toContain("default-src 'none'");
    }
    const changed = await load(path, { headers: { "if-none-match": '"other"' } });
    expect(changed.status).toBe(200);
    await changed.text();
  });

  test("supports HEAD and OPTIONS, and no other method", async () => {
    const statuses: Record<string, number> = {};
    for (const method of ["HEAD", "OPTIONS", "POST", "PUT", "DELETE"]) {
      const response = await load(path, { method });
      statuses[method] = response.status;
      await response.text();
    }
    const expected = { HEAD: 200, OPTIONS: 204, POST: 405, PUT: 405, DELETE: 405 };
    expect(statuses).toEqual(expected);
  });
});

test("the page has no inline script and no inline style, and each file that it links to exists", async () => {
  const html = await (await load("dashboard")).text();
  expect(html).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/);
  const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link ?? "");
  expect(links.toSorted()).toEqual(Object.keys(files).slice(1).toSorted());
});

test.each(["other.js", "serve-page.js", "..%2fmain.js", "page.js.map", "__proto__", "constructor"])(
  "%s is not a file of the page",
  async (name) => {
    const response = await load(`dashboard/${name}`);
    expect([response.status, await response.text()]).toEqual([404, ""]);
  },
);

test("an address with a slash at its end redirects to the page, because relative links would not work there", async () => {
  const response = await load("dashboard/");
  expect(response.status).toBe(308);
  const location = response.headers.get("location") ?? "";
  expect(new URL(location, `${stack.local.host.url}/api/dashboard/`).pathname).toBe(
    "/api/dashboard",
  );
});

test("no file contains data of the app: each is sent as the bundler has written it", async () => {
  for (const { name, text } of await bundlePage(join(import.meta.dirname, "../../.."))) {
    const path = name === "page.html" ? "dashboard" : `dashboard/${name}`;
    expect(await (await load(path)).text()).toBe(text);
  }
});

test.each([
  ["a page of another site", { "sec-fetch-site": "cross-site" }, 403],
  ["a page of another origin", { origin: "https://evil.example" }, 403],
])("%s cannot load it from this machine", async (_, headers, status) => {
  const response = await load("dashboard", { headers });
  expect(response.status).toBe(status);
  await response.text();
});

test("the API behind it still needs a key", async () => {
  const response = await load("copies");
  expect(response.status).toBe(401);
  await response.text();
});
