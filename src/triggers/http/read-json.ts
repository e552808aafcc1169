import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { problem } from "../../http/problem.ts";

/** Far above the longest valid request: two URLs of 2 KiB and 8 KiB of metadata. */
const maxBodyBytes = 64 * 1_024;

/** Reads a JSON body, or says what is wrong with it. */
export async function readJson(
  request: HttpRequest,
): Promise<{ ok: true; json: unknown } | { ok: false; answer: HttpResponseInit }> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "" && !/^application\/([\w.-]+\+)?json$/.test(type)) {
    const detail = "Send application/json";
    return { ok: false, answer: problem("unsupported-media-type", detail) };
  }
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength > maxBodyBytes) {
    const detail = `The body has ${bytes.byteLength} bytes; at most ${maxBodyBytes} are read`;
    return { ok: false, answer: problem("too-large", detail) };
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { ok: true, json: JSON.parse(text) };
  } catch {
    // The parser's own text quotes the body, which may hold a SAS.
    const errors = [{ pointer: "", message: "is not valid JSON in UTF-8" }];
    const detail = "The body cannot be read as JSON; nothing was started";
    return { ok: false, answer: problem("invalid-request", detail, { errors }) };
  }
}
