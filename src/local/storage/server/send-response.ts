import { validateHeaderValue, type ServerResponse } from "node:http";
import type { Clock } from "../../clock.ts";
import { httpDate } from "../http/http-dates.ts";
import { StorageError } from "../http/rest-errors.ts";
import { splitTarget, type StorageResponse, type StorageRequest } from "../http/storage-request.ts";
import { element, elements, renderXml } from "../http/xml.ts";

/** The parts of a request that exist before its address and metadata are parsed. */
export type RequestDraft = Pick<
  StorageRequest,
  "id" | "service" | "method" | "target" | "headers" | "body"
>;

export type ErrorContent = Pick<StorageError, "status" | "message" | "details" | "headers"> & {
  code: string;
};

/**
 * Builds the response for an error: always a header, and an XML body where HTTP allows one.
 */
export function errorResponse(
  { id, method }: Pick<RequestDraft, "id" | "method">,
  { status, code, message, details, headers }: ErrorContent,
  clock: Clock,
): StorageResponse {
  const time = new Date(clock.now()).toISOString();
  const response = { status, headers: { ...headers, "x-ms-error-code": code } };
  if (method === "HEAD" || status === 304) return response;
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
  return {
    status,
    headers: { ...response.headers, "Content-Type": "application/xml" },
    body: document,
  };
}

/** `x-ms-version` of responses to requests without a version. */
const latestVersion = "2026-10-06";

/**
 * Browsers do not run content that the emulator sends, because a blob can be any page, and a page of this origin could
 * call the host. Azure Storage sends neither header, because no other service trusts its origins.
 */
export const inertHeaders = {
  "Content-Security-Policy": "sandbox",
  "X-Content-Type-Options": "nosniff",
} as const;

/** Throws `InvalidQueryParameterValue` if a header cannot be sent: a SAS can name any text for it (`rsct`). */
export function requireSendable({ headers = {} }: StorageResponse): void {
  for (const [name, value = ""] of Object.entries(headers)) {
    try {
      validateHeaderValue(name, value);
    } catch {
      throw new StorageError("InvalidQueryParameterValue");
    }
  }
}

/** The version of a SAS, from a query that may be invalid otherwise. */
function signedVersion(target: string): string | undefined {
  return /(?:^|&)sv=([\w-]+)(?:&|$)/i.exec(splitTarget(target)[1])?.[1];
}

/** Does not wait until the client has read the response: a client that never reads must not stop the clock. */
export function sendResponse(
  outgoing: ServerResponse,
  { id, method, headers: requestHeaders, target }: RequestDraft,
  { status, headers = {}, body = "" }: StorageResponse,
  clock: Clock,
): void {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  outgoing.sendDate = false; // Node would send the real time instead of the clock's
  const all: Record<string, string | undefined> = {
    ...(status !== 304 && method !== "HEAD" && { "Content-Length": String(bytes.length) }),
    ...headers,
    ...inertHeaders,
    Server: "Ferry-Storage-Emulator",
    Date: httpDate(clock.now()),
    "x-ms-request-id": id,
    "x-ms-version": requestHeaders["x-ms-version"] ?? signedVersion(target) ?? latestVersion,
    "x-ms-client-request-id": requestHeaders["x-ms-client-request-id"],
  };
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined) outgoing.setHeader(name, value);
  }
  // As in recordings of errors. Node's client closes the connection if a response to HEAD states neither length nor
  // chunks.
  if (method === "HEAD" && !outgoing.hasHeader("Content-Length")) {
    outgoing.setHeader("Transfer-Encoding", "chunked");
  }
  outgoing.statusCode = status;
  outgoing.end(method === "HEAD" || status === 304 ? undefined : bytes);
}
