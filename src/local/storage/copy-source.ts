import { authorize } from "./authorization.ts";
import { findBlob, findContainer, type Blob } from "./blob-rows.ts";
import { readImage, type Call } from "./call.ts";
import { StorageError } from "./errors.ts";
import type { File } from "./files/file-rows.ts";
import {
  parseQuery,
  parseResource,
  splitTarget,
  type Resource,
  type StorageRequest,
} from "./request.ts";
import { rolesAllow } from "./roles.ts";

/** The object that a copy reads, found readable at the time of the start. */
export type CopySource = {
  object: Blob | File;
  isSameAccount: boolean;
  /** Epoch ms at which the URL's SAS ends; null where no SAS opens the source. */
  readableUntil: number | null;
  /** The URL names a version, which no later write changes. */
  isVersion: boolean;
};

/** "A copy source URL of up to 2 KiB in length" (REST page "Copy Blob"). */
const maximumUrlLength = 2048;
/** From this version on a failed start also tells what the source itself answered. */
const firstVersionWithSourceError = "2025-11-05";

/**
 * Reads the source as the service does: through its URL, with the rights that the URL carries. A
 * blob of the destination's own account needs none when the account's key signed the request, or an
 * identity that may read it made it (REST page "Copy Blob", authorization). Throws
 * `CannotVerifyCopySource` with the source's status, or for the own account the plain 404.
 */
export function resolveCopySource(call: Call): CopySource {
  const request = sourceRequest(call);
  const { resource } = request;
  const isSameAccount = resource.account === call.request.resource.account;
  const hasSas = request.query.has("sig");
  const isOwn = isSameAccount && !hasSas && mayReadOwn(call, resource);
  try {
    const caller = isOwn ? call.caller : authorize(request, { ...call, operation: "GetBlob" });
    const object = findSource(call, request);
    return {
      object,
      isSameAccount,
      readableUntil: caller.by === "SAS" ? caller.expiresAt : null,
      isVersion: request.query.has("versionid"),
    };
  } catch (error) {
    if (!(error instanceof StorageError) || error.code === "NotImplemented" || isOwn) throw error;
    throw cannotVerify(error, call.request.headers["x-ms-version"] ?? "");
  }
}

function mayReadOwn({ caller, roles }: Call, resource: Resource): boolean {
  if (caller.by === "identity") return rolesAllow(roles, { operation: "GetBlob", resource });
  return caller.by === "shared key";
}

function sourceRequest({ request, ownOrigins }: Call): StorageRequest {
  const text = request.headers["x-ms-copy-source"] ?? "";
  const url = URL.canParse(text) && text.length <= maximumUrlLength ? new URL(text) : undefined;
  if (url === undefined) {
    throw new StorageError("InvalidHeaderValue", { details: { HeaderName: "x-ms-copy-source" } });
  }
  if (!isOwn(url, ownOrigins.blob)) {
    throw new StorageError("NotImplemented", {
      message: `Copy Blob from the host ${url.host} is not implemented by this emulator`,
    });
  }
  const target = `${url.pathname}${url.search}`;
  const [path, query] = splitTarget(target);
  const resource = parseResource(path, "blob");
  const parameters = new Map(parseQuery(query));
  return {
    id: request.id,
    service: "blob",
    method: "GET",
    target,
    resource,
    query: parameters,
    headers: {}, // no version: an anonymous read of what is private is a 404, not a challenge
    metadata: {},
    body: Buffer.alloc(0),
    clientAddress: "127.0.0.1", // the service itself reads, not the caller
    isSecure: request.isSecure, // the source has this emulator's own origin
  };
}

function isOwn(url: URL, ownOrigin: string): boolean {
  return url.origin.replace("//localhost:", "//127.0.0.1:") === ownOrigin;
}

function findSource(call: Call, { resource, query }: StorageRequest): Blob {
  if (resource.level !== "blob") throw new StorageError("ResourceNotFound");
  const container = findContainer(call.store, resource.account, resource.container);
  if (container === undefined) throw new StorageError("ContainerNotFound");
  const blob = findBlob(call.store, container.id, resource.blob, readImage(query));
  if (blob === undefined) throw new StorageError("BlobNotFound");
  return blob;
}

function cannotVerify(error: StorageError, version: string): StorageError {
  const status = error.status;
  const tells = version >= firstVersionWithSourceError;
  return new StorageError("CannotVerifyCopySource", {
    status,
    message: error.message,
    ...(tells && {
      details: {
        CopySourceStatusCode: String(status),
        CopySourceErrorCode: error.code,
        CopySourceErrorMessage: error.message,
      },
      headers: {
        "x-ms-copy-source-status-code": String(status),
        "x-ms-copy-source-error-code": error.code,
      },
    }),
  });
}
