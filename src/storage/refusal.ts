import { RestError } from "@azure/storage-blob";
import type { StorageErrorResponse } from "../copy/decisions/storage-errors.ts";
import { StorageRefusal } from "./copy-client.ts";

/** One call through the SDK; what it throws comes out as a `StorageRefusal`. */
export async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw refusalOf(error);
  }
}

/**
 * As `answered`; a broken connection is bridged by one more try at once, since one that was kept open may
 * be gone by the time it is used. For calls that may be made twice.
 */
export async function bridged<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await answered(call());
  } catch (error) {
    if (!(error instanceof StorageRefusal) || !isBroken(error.response)) throw error;
    return answered(call());
  }
}

/** Turns what the Storage SDK throws into a `StorageRefusal`; anything else is a bug and stays as it is. */
function refusalOf(error: unknown): unknown {
  if (isIdentityTrouble(error)) return new StorageRefusal(unanswered("IdentityUnavailable"));
  if (isAbort(error)) return new StorageRefusal(unanswered("RequestTimedOut"));
  if (!(error instanceof RestError)) return error;
  if (error.statusCode === undefined) return new StorageRefusal(unanswered(error.code ?? null));
  const details = detailsOf(error);
  return new StorageRefusal({
    status: error.statusCode,
    // The code stands in the XML body, and on answers to HEAD only in x-ms-error-code.
    code: error.code ?? text(details["errorCode"]),
    sourceStatus: number(details["copySourceStatusCode"]),
    sourceCode: text(details["copySourceErrorCode"]),
    retryAfterSeconds: number(error.response?.headers.get("retry-after")),
  });
}

/** A call that was given up has taken its time already. */
function isBroken({ status, code }: StorageErrorResponse): boolean {
  return status === 0 && code !== "RequestTimedOut";
}

function unanswered(code: string | null) {
  return { status: 0, code, sourceStatus: null, sourceCode: null, retryAfterSeconds: null };
}

/** What @azure/identity throws when it gets no token; these are no RestErrors. */
function isIdentityTrouble(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(Aggregate)?Authentication(Required)?Error$|^CredentialUnavailableError$/.test(error.name)
  );
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
}

/** The SDK types `details` as unknown; it is the parsed error answer. */
function detailsOf(error: RestError): Record<string, unknown> {
  return typeof error.details === "object" && error.details !== null ? { ...error.details } : {};
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function number(value: unknown): number | null {
  const parsed = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof parsed === "number" && Number.isFinite(parsed) ? parsed : null;
}
