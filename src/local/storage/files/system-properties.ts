import type { Call } from "../calls/operation-call.ts";
import type { Directory, File, SystemProperties } from "../store/file-rows.ts";
import { invalidHeader, unsupportedHeader, type Headers } from "../http/request-headers.ts";
import { inheritedPermission, readPermissionKey } from "./file-permissions.ts";
import { savePermission, type Share } from "../store/share-rows.ts";
import { formatFileTime, parseFileTime } from "./file-times.ts";

type Smb = Extract<SystemProperties, { protocol: "SMB" }>;
type Nfs = Extract<SystemProperties, { protocol: "NFS" }>;

/** The properties of a new file or directory without headers. */
export function defaultSystemProperties(
  { store, now }: Pick<Call, "store" | "now">,
  share: Pick<Share, "id" | "protocol">,
  kind: (Directory | File)["kind"],
): SystemProperties {
  const time = formatFileTime(now);
  const times = { creationTime: time, lastWriteTime: time, changeTime: time };
  if (share.protocol === "NFS") {
    const mode = kind === "file" ? "0664" : "0755";
    return { ...times, protocol: "NFS", owner: "0", group: "0", mode };
  }
  return {
    ...times,
    protocol: "SMB",
    attributes: kind === "file" ? "Archive" : "Directory",
    permissionKey: savePermission(store, share.id, inheritedPermission),
  };
}

/** The properties of a new file or directory (REST pages "Create File", "Create Directory"). */
export function newSystemProperties(
  call: Call,
  share: Share,
  kind: (Directory | File)["kind"],
): SystemProperties {
  const before = defaultSystemProperties(call, share, kind);
  const attributes = before.protocol === "SMB" ? before.attributes : "";
  return applyHeaders(call, share, {
    before,
    times: () => ({ now: formatFileTime(call.now) }),
    attributes: { none: attributes },
    permission: ["inherit"],
  });
}

/** Keeps properties that are not sent, or sent as `preserve` (REST page "Set File Properties"). */
export function changedSystemProperties(
  call: Call,
  share: Share,
  before: SystemProperties,
): SystemProperties {
  const attributes = before.protocol === "SMB" ? before.attributes : "";
  return applyHeaders(call, share, {
    before,
    times: (preserve) => ({ now: formatFileTime(call.now), preserve }),
    attributes: { preserve: attributes, none: "None" },
    permission: ["preserve"],
  });
}

/** Applies the headers to the properties `before`. Each header accepts its own keywords in addition to values. */
function applyHeaders(
  call: Call,
  share: Share,
  {
    before,
    times,
    attributes,
    permission,
  }: {
    before: SystemProperties;
    times: (before: string) => Keywords;
    attributes: Keywords;
    permission: readonly string[];
  },
): SystemProperties {
  const { headers } = call.request;
  refuseOtherProtocol(headers, share.protocol);
  const time = (name: string, was: string) => readTime(headers, name, times(was));
  const { creationTime, lastWriteTime, changeTime } = before;
  const all = {
    creationTime: time("x-ms-file-creation-time", creationTime) ?? creationTime,
    lastWriteTime: time("x-ms-file-last-write-time", lastWriteTime) ?? lastWriteTime,
    changeTime: time("x-ms-file-change-time", changeTime) ?? formatFileTime(call.now),
  };
  if (before.protocol === "NFS") return { ...before, ...all, ...readPosix(headers) };
  return {
    ...before,
    ...all,
    attributes: readAttributes(headers, attributes) ?? before.attributes,
    permissionKey: readPermissionKey(call, share, permission) ?? before.permissionKey,
  };
}

/** Keywords that a header accepts in addition to values, in lower case, and their meaning. */
export type Keywords = Readonly<Record<string, string>>;

/** Sets the change time, and after a change of the bytes also the last write time. */
export function updateTimes(system: SystemProperties, now: number, what: "bytes" | "rest") {
  const time = formatFileTime(now);
  return { ...system, changeTime: time, ...(what === "bytes" && { lastWriteTime: time }) };
}

/** Undefined if the header was not sent. */
export function readTime(headers: Headers, name: string, keywords: Keywords): string | undefined {
  const value = headers[name];
  if (value === undefined) return undefined;
  const time = keywords[value.toLowerCase()] ?? parseFileTime(value);
  if (time === undefined) throw invalidHeader(name, value);
  return time;
}

/** A list separated by " | "; undefined if the header was not sent. */
export function readAttributes(headers: Headers, keywords: Keywords): string | undefined {
  const name = "x-ms-file-attributes";
  const value = headers[name];
  if (value === undefined) return undefined;
  const keyword = keywords[value.toLowerCase()];
  if (keyword !== undefined) return keyword;
  const given = value.split("|").map((name) => name.trim().toLowerCase());
  const known = attributeNames.filter((attribute) => given.includes(attribute.toLowerCase()));
  const isNone = known.length === 1 && known[0] === "None";
  if (known.length !== given.length || (known.includes("None") && !isNone)) {
    throw invalidHeader(name, value);
  }
  return known.join(attributeSeparator);
}

/** Adds `Archive` and removes `None`. */
export function withArchive(attributes: string): string {
  const names = attributes.split(attributeSeparator).filter((name) => name !== "None");
  const all = attributeNames.filter((name) => name === "Archive" || names.includes(name));
  return all.join(attributeSeparator);
}

export function isReadOnly({ system }: Pick<File, "system">): boolean {
  return (
    system.protocol === "SMB" && system.attributes.split(attributeSeparator).includes("ReadOnly")
  );
}

const attributeSeparator = " | ";
const attributeNames = [
  "ReadOnly",
  "Hidden",
  "System",
  "None",
  "Directory",
  "Archive",
  "Temporary",
  "Offline",
  "NotContentIndexed",
  "NoScrubData",
];

/** Those of owner, group and mode that were sent. */
export function readPosix(headers: Headers): Partial<Pick<Nfs, "owner" | "group" | "mode">> {
  const read = (name: string, form: RegExp) => {
    const value = headers[name];
    if (value !== undefined && !form.test(value)) throw invalidHeader(name, value);
    return value;
  };
  const owner = read("x-ms-owner", /^\d+$/);
  const group = read("x-ms-group", /^\d+$/);
  const mode = read("x-ms-mode", /^[0-7]{3,4}$|^([r-][w-][xsS-]){2}[r-][w-][xtT-]$/);
  return {
    ...(owner !== undefined && { owner }),
    ...(group !== undefined && { group }),
    ...(mode !== undefined && { mode }),
  };
}

/** Throws for a header that only the other protocol supports. */
export function refuseOtherProtocol(headers: Headers, protocol: Share["protocol"]): void {
  const name = protocolHeaders[protocol === "SMB" ? "NFS" : "SMB"].find(
    (header) => headers[header] !== undefined,
  );
  if (name !== undefined) throw unsupportedHeader(name);
}

const protocolHeaders = {
  SMB: [
    "x-ms-file-attributes",
    "x-ms-file-permission",
    "x-ms-file-permission-key",
    "x-ms-file-permission-format",
    "x-ms-file-permission-copy-mode",
    "x-ms-file-copy-ignore-readonly",
    "x-ms-file-copy-set-archive",
  ],
  NFS: [
    "x-ms-owner",
    "x-ms-group",
    "x-ms-mode",
    "x-ms-file-mode-copy-mode",
    "x-ms-file-owner-copy-mode",
  ],
} as const;

/** The response headers with the properties of a file or directory. */
export function systemHeaders(system: SystemProperties): Record<string, string> {
  return {
    "x-ms-file-creation-time": system.creationTime,
    "x-ms-file-last-write-time": system.lastWriteTime,
    "x-ms-file-change-time": system.changeTime,
    ...(system.protocol === "SMB" ? smbHeaders(system) : nfsHeaders(system)),
  };
}

function smbHeaders({ attributes, permissionKey }: Smb): Record<string, string> {
  return { "x-ms-file-attributes": attributes, "x-ms-file-permission-key": permissionKey };
}

function nfsHeaders({ owner, group, mode }: Nfs): Record<string, string> {
  return { "x-ms-owner": owner, "x-ms-group": group, "x-ms-mode": mode, "x-ms-link-count": "1" };
}
