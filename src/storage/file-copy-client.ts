import {
  AnonymousCredential,
  newPipeline,
  parseOctalFileMode,
  ShareFileClient,
} from "@azure/storage-file-share";
import type {
  FileGetPropertiesResponse,
  FileStartCopyOptions,
  ShareClientOptions,
  StoragePipelineOptions,
} from "@azure/storage-file-share";
import { toCopyId } from "../copy/contract/ids.ts";
import { epochMs } from "../copy/time.ts";
import { isFileAbsent } from "../copy/decisions/storage-errors.ts";
import { urlWith } from "../copy/location/endpoint.ts";
import type { Destination, Endpoint } from "../copy/location/endpoint.ts";
import type { FileOptions } from "../copy/request/file-options.ts";
import { revealSas } from "../copy/location/sas.ts";
import type { SourceProperties, ReadDestination } from "../copy/contract/properties.ts";
import { hasTrailingDot } from "../copy/location/storage-names.ts";
import { conditionNotMet, isRefusal } from "./copy-client.ts";
import type { CopyClient, DestinationSide, Side, StartOrder } from "./copy-client.ts";
import { contentMd5, copyProperties, shownProperties } from "./copy-properties.ts";
import type { CredentialFor } from "./credentials.ts";
import { leaseConditions } from "./lease-conditions.ts";
import { copyTarget, keptPipelines, observed, singleTry, pipeline } from "./pipeline.ts";
import { withRefusals, withReconnect } from "./refusal.ts";

type FileCopyClient = Pick<
  CopyClient,
  "readSource" | "readDestination" | "start" | "abort" | "remove"
>;

/**
 * Creates the client for copies onto files, over @azure/storage-file-share. Azure Files supports no conditions, so
 * the client checks the ETag just before each write. Between Ferry's own copies the lock prevents races.
 */
export function createFileCopyClient(credentialFor: CredentialFor): FileCopyClient {
  const anonymous = new AnonymousCredential();
  const pipelinesWith = (options: StoragePipelineOptions) =>
    keptPipelines((credential: Credential, endpoint: Destination) =>
      observed(newPipeline(credential, options), copyTarget(endpoint)),
    );
  const usual = pipelinesWith(pipeline);
  const forStarts = pipelinesWith(singleTry);
  const client = (
    side: Side<Destination>,
    credential: Credential,
    { source, pipelines = usual }: { source?: Endpoint; pipelines?: typeof usual } = {},
  ) =>
    new ShareFileClient(
      urlOf(side),
      pipelines(credential, side.endpoint),
      clientOptions(side, credential, source),
    );
  const own = (side: Side<Destination>, options?: Parameters<typeof client>[2]) =>
    client(side, side.sas === null ? credentialFor(side.endpoint) : anonymous, options);
  const readDestination = async (destination: DestinationSide) => {
    try {
      return toDestinationProperties(await withReconnect(() => own(destination).getProperties()));
    } catch (error) {
      if (isRefusal(error, isFileAbsent)) return null;
      throw error;
    }
  };
  return {
    async readSource(source, { sameAccount }) {
      const reader = sameAccount ? own(source) : client(source, anonymous);
      return toSourceProperties(await withReconnect(() => reader.getProperties()));
    },
    readDestination,
    async start(order) {
      const { source, destination } = order;
      const seen = await readDestination(destination);
      if ((seen?.etag ?? null) !== order.destinationEtag) throw conditionNotMet();
      const starter = own(destination, { source: source.endpoint, pipelines: forStarts });
      const { copyId, copyStatus } = await withRefusals(
        starter.startCopyFromURL(urlOf(source), startOptions(order)),
      );
      if (copyId === undefined)
        throw new Error("Cannot read the copyId because Copy File sent no x-ms-copy-id");
      return {
        copyId: toCopyId(copyId),
        copyStatus: copyStatus === "success" ? "success" : "pending",
      };
    },
    async abort(destination, copyId) {
      await withReconnect(() => own(destination).abortCopyFromURL(copyId, underLease(destination)));
    },
    async remove(destination, etag) {
      const seen = await readDestination(destination);
      if (seen?.etag !== etag) throw conditionNotMet();
      await withReconnect(() => own(destination).delete(underLease(destination)));
    },
  };
}

type Credential = ReturnType<CredentialFor>;

/**
 * Returns the flags that keep a name's trailing dots, so that names are never trimmed. The SDK has these flags per
 * client. Storage refuses the flag for the source if the source is not a file.
 */
function clientOptions(
  { endpoint }: Side<Destination>,
  credential: Credential,
  source: Endpoint | undefined,
): ShareClientOptions {
  return {
    ...(hasTrailingDot(endpoint.path) ? { allowTrailingDot: true } : {}),
    ...(source?.service === "file" && hasTrailingDot(source.path)
      ? { allowSourceTrailingDot: true }
      : {}),
    // A token is accepted only with this intent; a key or a SAS needs none.
    ...("getToken" in credential ? { fileRequestIntent: "backup" } : {}),
  };
}

function urlOf({ endpoint, sas }: Side): string {
  return urlWith(endpoint, sas === null ? null : revealSas(sas));
}

function underLease(destination: DestinationSide) {
  return { leaseAccessConditions: leaseConditions(destination) };
}

/** 12.33.0 drops `metadata` in this call only. Headers are sent, and included in the signature. */
type StartOptions = FileStartCopyOptions & { requestOptions: { headers: Record<string, string> } };

function startOptions({ source, destination, options, signal }: StartOrder): StartOptions {
  const metadata = Object.entries(options.metadata ?? {});
  return {
    abortSignal: signal,
    ...underLease(destination),
    requestOptions: {
      headers: Object.fromEntries(metadata.map(([name, text]) => [`x-ms-meta-${name}`, text])),
    },
    ...(options.file === null ? {} : propertyOptions(options.file, source.endpoint)),
  };
}

function propertyOptions(file: FileOptions, source: Endpoint): FileStartCopyOptions {
  const { permission, attributes } = file;
  const copyFileSmbInfo: FileStartCopyOptions["copyFileSmbInfo"] = {
    ...(permission === undefined ? {} : { filePermissionCopyMode: copyMode(permission) }),
    ...(file.ignoreReadOnly === true ? { ignoreReadOnly: true } : {}),
    ...(attributes === undefined
      ? {}
      : { fileAttributes: typeof attributes === "string" ? attributes : attributes.join("|") }),
    ...(file.creationTime === undefined ? {} : { fileCreationTime: file.creationTime }),
    ...(file.lastWriteTime === undefined ? {} : { fileLastWriteTime: file.lastWriteTime }),
    ...(file.changeTime === undefined ? {} : { fileChangeTime: file.changeTime }),
    ...(file.setArchive === true ? { setArchiveAttribute: true } : {}),
  };
  return { copyFileSmbInfo, ...permissionOptions(permission), ...nfsOptions(file, source) };
}

function permissionOptions(permission: FileOptions["permission"]): FileStartCopyOptions {
  if (permission === undefined || permission === "source") return {};
  if ("key" in permission) return { filePermissionKey: permission.key };
  return "sddl" in permission
    ? { filePermission: permission.sddl }
    : { filePermission: permission.binary, filePermissionFormat: "Binary" };
}

/** `fileModeCopyMode` is "applicable only when the copy source is a File" (the SDK's page). */
function nfsOptions({ owner, mode }: FileOptions, source: Endpoint): FileStartCopyOptions {
  const isFile = source.service === "file";
  const fileMode = mode === undefined || mode === "source" ? undefined : parseOctalFileMode(mode);
  return {
    ...(owner !== undefined ? { fileOwnerCopyMode: copyMode(owner) } : {}),
    ...(isFile && mode !== undefined ? { fileModeCopyMode: copyMode(mode) } : {}),
    posixProperties: {
      ...(owner === undefined || owner === "source"
        ? {}
        : { owner: owner.user, group: owner.group }),
      ...(fileMode === undefined ? {} : { fileMode }),
    },
  };
}

function copyMode(value: unknown): "source" | "override" {
  return value === "source" ? "source" : "override";
}

function toSourceProperties(properties: FileGetPropertiesResponse): SourceProperties {
  return {
    etag: properties.etag ?? "",
    length: properties.contentLength ?? 0,
    lastModified: epochMs(properties.lastModified?.getTime() ?? 0),
    contentMd5: contentMd5(properties),
    blobType: null,
    archived: false,
    copy: copyProperties(properties),
  };
}

function toDestinationProperties(properties: FileGetPropertiesResponse): ReadDestination {
  return {
    etag: properties.etag ?? "",
    length: properties.contentLength ?? 0,
    lastModified: epochMs(properties.lastModified?.getTime() ?? 0),
    contentMd5: contentMd5(properties),
    blobType: null,
    archived: false,
    metadata: properties.metadata ?? {},
    shown: shownProperties(properties),
    copy: copyProperties(properties),
  };
}
