import type { ServerResponse } from "node:http";
import type { Clock } from "../../clock.ts";
import { httpDate } from "../http/http-dates.ts";
import type { StorageError } from "../http/rest-errors.ts";
import {
  parseQuery,
  splitTarget,
  type StorageResponse,
  type StorageRequest,
} from "../http/storage-request.ts";
import { element, elements, renderXml } from "../http/xml.ts";

/** As much of a request as there is before its address and metadata proved readable. */
export type RequestDraft = Pick<
  StorageRequest,
  "id" | "service" | "method" | "target" | "headers" | "body"
>;

export type ErrorContent = Pick<StorageError, "status" | "message" | "details" | "headers"> & {
  code: string;
};

/**
 * The service's error answer: a header for all, an XML body where a body may be. Azure Files puts a
 * byte order mark before it.
 */
export function errorResponse(
  { id, service, method }: Pick<RequestDraft, "id" | "service" | "method">,
  { status, code, message, details, headers }: ErrorContent,
  clock: Clock,
): StorageResponse {
  const time = new Date(clock.now()).toISOString();
  const answer = { status, headers: { ...headers, "x-ms-error-code": code } };
  if (method === "HEAD" || status === 304) return answer;
  const document = renderXml(
    element(
      "Error",
      elements({
        Code: code,
        Message: `${message}\nRequestId:${id}\nTime:${time}`,
        ...details,
      }),
    ),
  );
  const body = service === "file" ? `${byteOrderMark}${document}` : document;
  return { status, headers: { ...answer.headers, "Content-Type": "application/xml" }, body };
}

const byteOrderMark = "\ufeff";

/** For requests that name none. */
const latestVersion = "2026-10-06";

/** Does not wait for the client to read: one that never does must not hold the clock. */
export function sendResponse(
  outgoing: ServerResponse,
  { id, method, headers: asked, target }: RequestDraft,
  { status, headers = {}, body = "" }: StorageResponse,
  clock: Clock,
): void {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const signedVersion = new Map(parseQuery(splitTarget(target)[1])).get("sv");
  outgoing.sendDate = false; // the process's own date; the clock's is sent
  const all: Record<string, string | undefined> = {
    ...(status !== 304 && method !== "HEAD" && { "Content-Length": String(bytes.length) }),
    ...headers,
    Server: "Ferry-Storage-Emulator",
    Date: httpDate(clock.now()),
    "x-ms-request-id": id,
    "x-ms-version": asked["x-ms-version"] ?? signedVersion ?? latestVersion,
    "x-ms-client-request-id": asked["x-ms-client-request-id"],
  };
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined) outgoing.setHeader(name, value);
  }
  outgoing.statusCode = status;
  outgoing.end(method === "HEAD" || status === 304 ? undefined : bytes);
}
