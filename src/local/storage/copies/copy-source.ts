import { authorize } from "../auth/authorization.ts";
import { findBlob, type Blob } from "../store/blob-rows.ts";
import { findContainer } from "../store/container-rows.ts";
import { blobAddress, readRevision } from "../blobs/blob-address.ts";
import type { Call } from "../calls/operation-call.ts";
import { addContent, createBlock } from "../store/content-blocks.ts";
import { settingsFor } from "../pending-copies/copy-settings.ts";
import { StorageError } from "../http/rest-errors.ts";
import { requireFileAt, parsePath, shareAddress, requireShareAt } from "../files/file-address.ts";
import type { File } from "../store/file-rows.ts";
import { readBoolean } from "../http/request-headers.ts";
import { restName } from "../http/rest-operation.ts";
import {
  parseQuery,
  parseResource,
  readParameter,
  splitTarget,
  withRootContainer,
  type Resource,
  type ServiceName,
  type StorageRequest,
} from "../http/storage-request.ts";
import { ownPath, virtualService } from "../http/virtual-hosts.ts";
import { rolesAllow } from "../auth/role-assignments.ts";
import { NeedsFetch, type WebObject } from "../pending-copies/web-object.ts";

/** The source of a copy, readable at the start. */
export type CopySource = {
  object: Blob | File | (WebObject & { content: number | null });
  isSameAccount: boolean;
  /** Epoch ms at which the SAS in the URL expires; null without a SAS. */
  readableUntil: number | null;
  /** The URL has a version id. Later writes do not change a version. */
  isVersion: boolean;
};

/** "A copy source URL of up to 2 KiB in length" (REST page "Copy Blob"). */
const maxUrlLength = 2048;
/** Since this version, the error of a start includes the status and error code of the source. */
const firstVersionWithSourceError = "2025-11-05";

/**
 * Finds the source as the service does: by its URL, with the access that the URL grants. A source in the
 * account and service of the destination needs no SAS if the request is signed with the account's key, or
 * comes from an identity that may read the blob (REST pages "Copy Blob" and "Copy File", authorization).
 * Throws the plain error for such a source, otherwise `CannotVerifyCopySource` with the source's status.
 */
export function resolveCopySource(call: Call, reading: SourceReading = asDestination): CopySource {
  const url = readSourceUrl(call);
  const service = serviceAt(url, call);
  if (service === undefined) return webSource(call, { url, reading });
  const request = sourceRequest(call, { url, service, reading });
  const { resource } = request;
  const isSameAccount = resource.account === call.request.resource.account;
  const hasSas = request.query.has("sig");
  const isOwn =
    reading.by === "destination" &&
    isSameAccount &&
    service === call.request.service &&
    !hasSas &&
    mayReadOwn(call, resource);
  try {
    const operation = service === "blob" ? "GetBlob" : "GetFile";
    const caller = isOwn ? call.caller : authorize(request, { ...call, operation });
    if (reading.by === "url" && reading.withTags) {
      authorize(request, { ...call, operation: "GetBlobTags" });
    }
    const object =
      service === "blob" ? findSourceBlob(call, request) : findSourceFile(call, request);
    return {
      object,
      isSameAccount,
      readableUntil: caller.kind === "SAS" ? caller.expiresAt : null,
      isVersion: readParameter(request.query, "versionid") !== undefined,
    };
  } catch (error) {
    if (!(error instanceof StorageError) || error.code === "NotImplemented" || isOwn) throw error;
    throw cannotVerify(call, error);
  }
}

/**
 * How the service reads the source: with the access of the request for the destination where it covers the source, or
 * only with the access that the source's URL and `x-ms-copy-source-authorization` grant.
 */
export type SourceReading =
  | { by: "destination" }
  | { by: "url"; authorization: string | undefined; withTags: boolean };

const asDestination: SourceReading = { by: "destination" };

function mayReadOwn({ caller, roles }: Call, resource: Resource): boolean {
  if (caller.kind === "identity" && resource.level === "blob")
    return rolesAllow(roles, { operation: "GetBlob", service: "blob", resource });
  return caller.kind === "shared key";
}

function readSourceUrl({ request }: Call): URL {
  const text = request.headers["x-ms-copy-source"] ?? "";
  const url = URL.canParse(text) && text.length <= maxUrlLength ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
  throw new StorageError("InvalidHeaderValue", { details: { HeaderName: "x-ms-copy-source" } });
}

/**
 * Copy Blob accepts any URL that supports GET; Copy File accepts only files and blobs. Throws `NeedsFetch`
 * if the source has not been fetched yet.
 */
function webSource(call: Call, { url, reading }: { url: URL; reading: SourceReading }): CopySource {
  const { request, operation, copies, store, webSource: fetched } = call;
  if (request.service === "file") {
    throw new StorageError("NotImplemented", {
      message: `${restName(operation)} from the host ${url.host} is not implemented by this emulator`,
    });
  }
  if (fetched === undefined) {
    const { container, blob } = blobAddress(request.resource);
    const { finishOnStart } = settingsFor(copies, container, blob);
    throw new NeedsFetch(url, reading.by === "url" || finishOnStart === "always");
  }
  if (fetched instanceof StorageError) {
    throw cannotVerify(call, fetched);
  }
  const { bytes } = fetched;
  const content =
    bytes === null || bytes.length === 0 ? null : addContent(store, [createBlock(store, bytes)]);
  return {
    object: { ...fetched, content },
    isSameAccount: false,
    readableUntil: null,
    isVersion: false,
  };
}

function sourceRequest(
  { request, hosts }: Call,
  { url, service, reading }: { url: URL; service: ServiceName; reading: SourceReading },
): StorageRequest {
  const target = `${ownPath(hosts, url.host, url.pathname)}${url.search}`;
  const [path, query] = splitTarget(target);
  const parameters = new Map(parseQuery(query));
  const resource = withRootContainer(parseResource(path, service), { service, query: parameters });
  return {
    id: request.id,
    service,
    method: "GET",
    target,
    resource,
    query: parameters,
    headers: sourceHeaders(request, reading),
    metadata: {},
    body: Buffer.alloc(0),
    clientAddress: "127.0.0.1", // the service reads the source, not the caller
    isSecure: request.isSecure, // the source has the emulator's own origin
  };
}

/** Without a version, an anonymous read of a private blob returns 404. Copy Blob From URL gets a challenge. */
function sourceHeaders(
  { headers }: StorageRequest,
  reading: SourceReading,
): StorageRequest["headers"] {
  if (reading.by === "destination") return {};
  const { authorization } = reading;
  return {
    "x-ms-version": headers["x-ms-version"] ?? "",
    ...(authorization !== undefined && { authorization }),
  };
}

function serviceAt(url: URL, { ownOrigins, hosts }: Call): ServiceName | undefined {
  const origin = url.origin.replace("//localhost:", "//127.0.0.1:");
  if (origin === ownOrigins.blob) return "blob";
  return origin === ownOrigins.file ? "file" : virtualService(hosts, url.host);
}

function findSourceBlob(call: Call, { resource, query }: StorageRequest): Blob {
  if (resource.level !== "blob") throw new StorageError("ResourceNotFound");
  const container = findContainer(call.store, resource.account, resource.container);
  if (container === undefined) throw new StorageError("ContainerNotFound");
  const blob = findBlob(call.store, container.id, resource.blob, readRevision(query));
  if (blob === undefined) throw new StorageError("BlobNotFound");
  return blob;
}

/** Trailing dots of names are significant only with `x-ms-source-allow-trailing-dot: true`. */
function findSourceFile({ store, request }: Call, { resource, query }: StorageRequest): File {
  const allowTrailingDot = readBoolean(request.headers, "x-ms-source-allow-trailing-dot") ?? false;
  const share = requireShareAt(store, shareAddress(resource, query.get("sharesnapshot")));
  return requireFileAt(store, share, parsePath(resource, allowTrailingDot));
}

/** The error of a start because of an error of its source, which it mirrors. */
export function cannotVerify({ request }: Call, error: StorageError): StorageError {
  const { status } = error;
  const hasSourceError = (request.headers["x-ms-version"] ?? "") >= firstVersionWithSourceError;
  return new StorageError("CannotVerifyCopySource", {
    status,
    message: error.message,
    ...(hasSourceError && {
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
