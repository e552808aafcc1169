import type { Call } from "../calls/operation-call.ts";
import { StorageError } from "../http/rest-errors.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { requireShare, refuseSnapshot } from "./file-address.ts";
import {
  invalidHeader,
  missingHeader,
  readKeyword,
  type Headers,
} from "../http/request-headers.ts";
import {
  findPermission,
  savePermission,
  type Permission,
  type Share,
} from "../store/share-rows.ts";

/** "If the permission size is 8 KiB or less"; larger permissions need a key (REST page "Copy File"). */
const maxHeaderBytes = 8 * 1024;
const formats = ["Sddl", "Binary"] as const;

/** The permission of files and directories that were created without one. */
export const inheritedPermission: Permission = {
  format: "Sddl",
  text: "O:BAG:SYD:(A;;FA;;;BA)(A;;FA;;;SY)(A;;0x1200a9;;;BU)",
};

/** REST page "Create Permission". */
export function createPermission(call: Call): StorageResponse {
  refuseSnapshot(call);
  const share = requireShare(call);
  const body = parseBody(call.request.body.toString());
  const key = savePermission(
    call.store,
    share.id,
    validatePermission(body.permission, body.format),
  );
  return { status: 201, headers: { "x-ms-file-permission-key": key } };
}

/** REST page "Get Permission". Does not convert between formats. */
export function getPermission(call: Call): StorageResponse {
  const { headers } = call.request;
  const share = requireShare(call);
  const key = headers["x-ms-file-permission-key"];
  if (key === undefined) throw missingHeader("x-ms-file-permission-key");
  const permission = requirePermission(call, share, key);
  const format = readFormat(headers);
  if (format !== permission.format) {
    throw new StorageError("NotImplemented", {
      message: `Get Permission does not convert ${permission.format} to ${format} in this emulator`,
    });
  }
  return {
    status: 200,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ permission: permission.text, format: permission.format }),
  };
}

/**
 * The key of the permission in the headers, given as text or as key; undefined if there is none.
 * `keywords` are values that are not permissions, such as `inherit`.
 */
export function readPermissionKey(
  call: Call,
  share: Share,
  keywords: readonly string[] = [],
): string | undefined {
  const { headers } = call.request;
  const text = headers["x-ms-file-permission"];
  const key = headers["x-ms-file-permission-key"];
  if (text !== undefined && key !== undefined) {
    throw invalidHeader("x-ms-file-permission-key", key);
  }
  if (key !== undefined) {
    requirePermission(call, share, key);
    return key;
  }
  if (text === undefined || keywords.includes(text.toLowerCase())) return undefined;
  if (text.length > maxHeaderBytes) throw invalidHeader("x-ms-file-permission", text);
  return savePermission(call.store, share.id, validatePermission(text, readFormat(headers)));
}

/** Throws `InvalidHeaderValue` for an unknown key. */
export function requirePermission({ store }: Call, share: Share, key: string): Permission {
  const permission = findPermission(store, share.id, key);
  if (permission === undefined) throw invalidHeader("x-ms-file-permission-key", key);
  return permission;
}

function readFormat(headers: Headers): Permission["format"] {
  return readKeyword(headers, "x-ms-file-permission-format", formats) ?? "Sddl";
}

/** "It must have an owner, group, and discretionary access control list" (REST page "Copy File"). */
function validatePermission(text: string, format: Permission["format"]): Permission {
  const isValid =
    format === "Sddl"
      ? /^O:.+G:.+D:/.test(text)
      : text !== "" && Buffer.from(text, "base64").toString("base64") === text;
  if (!isValid) throw new StorageError("FileInvalidPermission");
  return { format, text };
}

function parseBody(text: string): { permission: string; format: Permission["format"] } {
  const invalid = new StorageError("InvalidInput");
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw invalid;
  }
  if (typeof body !== "object" || body === null || !("permission" in body)) throw invalid;
  const { permission } = body;
  const requested = "format" in body ? String(body.format).toLowerCase() : "sddl";
  const format = formats.find((one) => one.toLowerCase() === requested);
  if (typeof permission !== "string" || format === undefined) throw invalid;
  return { permission, format };
}
