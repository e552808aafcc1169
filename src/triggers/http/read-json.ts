import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { problem } from "../../http/problem.ts";

/** Far larger than the longest valid request: two URLs of 2 KiB and 8 KiB of metadata. */
const maxBodyBytes = 64 * 1_024;

/** Reads a JSON body of at most 64 KiB; returns a problem response if it cannot be read. */
export async function readJson(
  request: HttpRequest,
): Promise<{ ok: true; json: unknown } | { ok: false; response: HttpResponseInit }> {
  const refusal = refuseHeaders(request);
  if (refusal !== null) return { ok: false, response: refusal };
  return parseBody(request, await request.arrayBuffer());
}

function parseBody(
  request: HttpRequest,
  bytes: ArrayBuffer,
): { ok: true; json: unknown } | { ok: false; response: HttpResponseInit } {
  const unreadable = refuseLength(request, bytes.byteLength);
  if (unreadable !== null) return { ok: false, response: unreadable };
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { ok: true, json: JSON.parse(text) };
  } catch {
    // The parser's own text quotes the body, which may contain a SAS.
    const detail = "The body cannot be read as JSON; the request had no effect";
    return { ok: false, response: invalidBody(detail, "is not valid JSON in UTF-8") };
  }
}

/** Returns a problem response for a body that is not JSON; null for JSON, which is not used, and for no body. */
export async function refuseBody(request: HttpRequest): Promise<HttpResponseInit | null> {
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength === 0) return null;
  const refusal = refuseHeaders(request);
  if (refusal !== null) return refusal;
  const body = parseBody(request, bytes);
  return body.ok ? null : body.response;
}

/**
 * Requires the type, because a web page can send a body with a different type, or without a type, to any address
 * without a preflight. Only "identity" is a plain body (RFC 9110, 8.4.1).
 */
function refuseHeaders({ headers }: HttpRequest): HttpResponseInit | null {
  const type = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    const detail = "The content type of the body is not application/json";
    return problem("unsupported-media-type", detail, { headers: { accept: "application/json" } });
  }
  const coding = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  if (coding === "" || coding === "identity") return null;
  const detail = "The body is encoded, as its header Content-Encoding says";
  return problem("unsupported-media-type", detail, { headers: { "accept-encoding": "identity" } });
}

/** The Functions host passes on a body only if the request has a Content-Length; otherwise it has zero bytes here. */
function refuseLength({ headers }: HttpRequest, byteLength: number): HttpResponseInit | null {
  if (byteLength > maxBodyBytes) {
    const detail = `The body has ${byteLength} bytes; the maximum is ${maxBodyBytes}`;
    return problem("too-large", detail);
  }
  if (byteLength > 0) return null;
  if (headers.has("transfer-encoding")) {
    const detail = "The body was lost because it came in chunks";
    return problem("length-required", detail);
  }
  const detail = "The request has no body, or one without Content-Length; nothing was started";
  return invalidBody(detail, "is empty; send a JSON object");
}

function invalidBody(detail: string, message: string): HttpResponseInit {
  return problem("invalid-request", detail, { errors: [{ pointer: "", message }] });
}
