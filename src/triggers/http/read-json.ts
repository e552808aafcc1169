import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { problem } from "../../http/problem.ts";

/** Far larger than the longest valid request: two URLs of 2 KiB and 8 KiB of metadata. */
const maxBodyBytes = 64 * 1_024;

/** Reads a JSON body of at most 64 KiB; returns a problem response if it cannot be read. */
export async function readJson(
  request: HttpRequest,
): Promise<{ ok: true; json: unknown } | { ok: false; response: HttpResponseInit }> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "" && !/^application\/([\w.-]+\+)?json$/.test(type)) {
    const detail = "Send application/json";
    return { ok: false, response: problem("unsupported-media-type", detail) };
  }
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength > maxBodyBytes) {
    const detail = `The body has ${bytes.byteLength} bytes; the maximum is ${maxBodyBytes}`;
    return { ok: false, response: problem("too-large", detail) };
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { ok: true, json: JSON.parse(text) };
  } catch {
    // The parser's own text quotes the body, which may contain a SAS.
    const errors = [{ pointer: "", message: "is not valid JSON in UTF-8" }];
    const detail = "The body cannot be read as JSON; nothing was started";
    return { ok: false, response: problem("invalid-request", detail, { errors }) };
  }
}
