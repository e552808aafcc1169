import { createHash } from "node:crypto";
import { readFile } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { HttpRequest, HttpResponseInit } from "@azure/functions";

/** The files of the page, which the bundler writes next to this file. */
const types = {
  "page.html": "text/html; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
} as const;

type FileName = keyof typeof types;

/** A file as it is sent. */
type PageFile = { text: string; etag: string };

/**
 * The page runs only its own script, and connects only to its own origin. No page can frame it. Text never becomes
 * markup (Trusted Types), so neither does the name of a blob.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const headers = {
  "content-security-policy": policy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
};

/**
 * Creates the handler of GET /dashboard/{file?}: without a file, the page. It needs no key, and contains no data of
 * the app. Each file is read when it is first requested. `read` returns the text of a file.
 */
export function servePage(
  read: (name: string) => Promise<string> = readBeside,
): (request: HttpRequest) => Promise<HttpResponseInit> {
  const files = new Map<FileName, PageFile>();
  return async (request) => {
    const name = request.params["file"] ?? "page.html";
    if (!isFileName(name)) {
      return { status: 404, headers: { ...headers, "cache-control": "no-store" } };
    }
    // The page's links are relative to the folder of `dashboard`.
    if (name === "page.html" && new URL(request.url).pathname.endsWith("/")) {
      return { status: 308, headers: { ...headers, location: "../dashboard" } };
    }
    const file = files.get(name) ?? { text: await read(name), etag: "" };
    file.etag ||= `"${createHash("sha256").update(file.text).digest("base64url").slice(0, 22)}"`;
    files.set(name, file);
    const { text, etag } = file;
    // Browsers revalidate each file at every load: page and script must be of one build.
    const sent = { ...headers, "cache-control": "no-cache", "content-type": types[name], etag };
    const known: readonly string[] =
      (request.headers.get("if-none-match") ?? "").match(/"[^"]*"/g) ?? [];
    return known.includes(etag)
      ? { status: 304, headers: sent }
      : { status: 200, headers: sent, body: text };
  };
}

function isFileName(name: string): name is FileName {
  return Object.hasOwn(types, name);
}

/** In the deployed package, the files of the page are next to the bundle. */
async function readBeside(name: string): Promise<string> {
  try {
    return await promisify(readFile)(join(import.meta.dirname, name), "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Cannot show the dashboard because one of its files cannot be read; "npm run build" writes it: ${reason}`,
      { cause: error },
    );
  }
}
