import { RestError } from "@azure/storage-blob";
import type { StorageErrorResponse } from "../copy/decisions/storage-errors.ts";
import { isRefusal, StorageRefusal } from "./copy-client.ts";

/**
 * Awaits a call of the SDK, and throws `StorageRefusal` for its errors. `copy/decisions/storage-errors.ts` classifies
 * the refusals.
 */
export async function withRefusals<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw toRefusal(error);
  }
}

/**
 * Like `withRefusals`, but repeats the call once, immediately, if the connection broke: a kept-alive connection may
 * be closed by the time it is used. For calls that may be sent twice.
 */
export async function withReconnect<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await withRefusals(call());
  } catch (error) {
    if (!isRefusal(error, isBrokenConnection)) throw error;
    return withRefusals(call());
  }
}

/** Converts an error of the Storage SDK to a `StorageRefusal`. Any other error is a bug and is returned unchanged. */
function toRefusal(error: unknown): unknown {
  if (isIdentityError(error)) return new StorageRefusal(noResponse("IdentityUnavailable"));
  if (isTimeout(error)) return new StorageRefusal(noResponse("RequestTimedOut"));
  if (!(error instanceof RestError)) return error;
  if (error.statusCode === undefined) return new StorageRefusal(noResponse(error.code ?? null));
  const details = errorDetails(error);
  return new StorageRefusal({
    status: error.statusCode,
    // The code is in the XML body; responses to HEAD have it only in x-ms-error-code.
    code: error.code ?? text(details["errorCode"]),
    sourceStatus: number(details["copySourceStatusCode"]),
    sourceCode: text(details["copySourceErrorCode"]),
    retryAfterSeconds: number(error.response?.headers.get("retry-after")),
  });
}

/** A timed-out call is not repeated: it has used its time already. */
function isBrokenConnection({ status, code }: StorageErrorResponse): boolean {
  return status === 0 && code !== "RequestTimedOut";
}

function noResponse(code: string | null) {
  return { status: 0, code, sourceStatus: null, sourceCode: null, retryAfterSeconds: null };
}

/** An error of @azure/identity when it got no token. These are not RestErrors. */
function isIdentityError(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(Aggregate)?Authentication(Required)?Error$|^CredentialUnavailableError$/.test(error.name)
  );
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
}

/** The parsed error response, which the SDK types as unknown. */
function errorDetails(error: RestError): Record<string, unknown> {
  return typeof error.details === "object" && error.details !== null ? { ...error.details } : {};
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function number(value: unknown): number | null {
  const parsed = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof parsed === "number" && Number.isFinite(parsed) ? parsed : null;
}
