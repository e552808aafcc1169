import type { Call } from "../calls/operation-call.ts";
import type { CopySource } from "./copy-source.ts";
import type { SystemProperties } from "../store/file-rows.ts";
import {
  invalidHeader,
  missingHeader,
  readBoolean,
  readKeyword,
  type Headers,
} from "../http/request-headers.ts";
import { inheritedPermission, readPermissionKey } from "../files/file-permissions.ts";
import { findPermission, savePermission, type Share } from "../store/share-rows.ts";
import {
  defaultSystemProperties,
  readAttributes,
  readPosix,
  readTime,
  refuseOtherProtocol,
  withArchive,
} from "../files/system-properties.ts";

type PropertiesOf<Protocol> = Extract<SystemProperties, { protocol: Protocol }>;

/**
 * The destination's properties by the headers of REST page "Copy File": each from the request, from the
 * source, or as for a new file. Only files have such properties, and only those in a share with the same
 * protocol are copied.
 */
export function copiedSystemProperties(
  call: Call,
  share: Share,
  { object }: CopySource,
): SystemProperties {
  const { headers } = call.request;
  refuseOtherProtocol(headers, share.protocol);
  const source = object.service === "file" ? object : undefined;
  const fresh = defaultSystemProperties(call, share, "file");
  const times = copiedTimes(headers, { source: source?.system, fresh });
  if (fresh.protocol === "NFS") {
    const from = source?.system.protocol === "NFS" ? source.system : undefined;
    return {
      ...fresh,
      ...times,
      ...copiedOwner(headers, from),
      ...copiedMode(headers, from, source !== undefined),
    };
  }
  const from = source?.system.protocol === "SMB" ? source.system : undefined;
  const sourceShare = from && source?.share;
  return {
    ...fresh,
    ...times,
    attributes: copiedAttributes(headers, { from, fresh }),
    permissionKey: copiedPermission(call, share, from && { key: from.permissionKey, sourceShare }),
  };
}

function copiedTimes(
  headers: Headers,
  { source, fresh }: { source: SystemProperties | undefined; fresh: SystemProperties },
) {
  const time = (name: string, property: "creationTime" | "lastWriteTime" | "changeTime") =>
    readTime(headers, name, source === undefined ? {} : { source: source[property] }) ??
    fresh[property];
  return {
    creationTime: time("x-ms-file-creation-time", "creationTime"),
    lastWriteTime: time("x-ms-file-last-write-time", "lastWriteTime"),
    changeTime: time("x-ms-file-change-time", "changeTime"),
  };
}

function copiedAttributes(
  headers: Headers,
  { from, fresh }: { from: PropertiesOf<"SMB"> | undefined; fresh: PropertiesOf<"SMB"> },
): string {
  const keywords = { none: "None", ...(from && { source: from.attributes }) };
  const attributes = readAttributes(headers, keywords) ?? fresh.attributes;
  const setsArchive = readBoolean(headers, "x-ms-file-copy-set-archive") ?? false;
  return setsArchive ? withArchive(attributes) : attributes;
}

/** `override` requires a permission or its key; both require `override`. */
function copiedPermission(
  call: Call,
  share: Share,
  from: { key: string; sourceShare: number | undefined } | undefined,
): string {
  const { headers } = call.request;
  const mode = readCopyMode(headers, {
    mode: "x-ms-file-permission-copy-mode",
    values: ["x-ms-file-permission", "x-ms-file-permission-key"],
    hasSource: from !== undefined,
  });
  if (mode === "override") {
    const key = readPermissionKey(call, share);
    if (key === undefined) throw missingHeader("x-ms-file-permission");
    return key;
  }
  const permission =
    mode === "source" && from?.sourceShare !== undefined
      ? findPermission(call.store, from.sourceShare, from.key)
      : undefined;
  return savePermission(call.store, share.id, permission ?? inheritedPermission);
}

function copiedOwner(headers: Headers, from: PropertiesOf<"NFS"> | undefined) {
  const mode = readCopyMode(headers, {
    mode: "x-ms-file-owner-copy-mode",
    values: ["x-ms-owner", "x-ms-group"],
    hasSource: from !== undefined,
  });
  const { owner, group } = readPosix(headers);
  if (mode === "override") {
    if (owner === undefined) throw missingHeader("x-ms-owner");
    if (group === undefined) throw missingHeader("x-ms-group");
    return { owner, group };
  }
  return mode === "source" && from !== undefined ? { owner: from.owner, group: from.group } : {};
}

/** The copy mode is "applicable only when the copy source is a File": with a blob, `x-ms-mode` needs no copy mode. */
function copiedMode(headers: Headers, from: PropertiesOf<"NFS"> | undefined, isFile: boolean) {
  const { mode } = readPosix(headers);
  if (!isFile && mode !== undefined && headers["x-ms-file-mode-copy-mode"] === undefined) {
    return { mode };
  }
  const copyMode = readCopyMode(headers, {
    mode: "x-ms-file-mode-copy-mode",
    values: ["x-ms-mode"],
    hasSource: from !== undefined,
  });
  if (copyMode === "override") {
    if (mode === undefined) throw missingHeader("x-ms-mode");
    return { mode };
  }
  return copyMode === "source" && from !== undefined ? { mode: from.mode } : {};
}

/** `source` requires a source with the property; a value requires `override`. */
function readCopyMode(
  headers: Headers,
  {
    mode: name,
    values,
    hasSource,
  }: { mode: string; values: readonly string[]; hasSource: boolean },
): "source" | "override" | undefined {
  const mode = readKeyword(headers, name, ["source", "override"]);
  if (mode === "source" && !hasSource) throw invalidHeader(name, mode);
  const value = values.find((header) => headers[header] !== undefined);
  if (value === undefined || mode === "override") return mode;
  throw mode === undefined ? missingHeader(name) : invalidHeader(name, mode);
}
