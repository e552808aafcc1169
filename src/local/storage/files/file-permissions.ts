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

/** "If the permission size is 8 KiB or less"; else a key must stand for it (REST page "Copy File"). */
const maxHeaderBytes = 8 * 1024;
const formats = ["Sddl", "Binary"] as const;

/** What a file has whose creator asks for nothing else. */
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

/** REST page "Get Permission". One format is not turned into the other here. */
export function getPermission(call: Call): StorageResponse {
  const { headers } = call.request;
  const share = requireShare(call);
  const key = headers["x-ms-file-permission-key"];
  if (key === undefined) throw missingHeader("x-ms-file-permission-key");
  const permission = requirePermission(call, share, key);
  const format = readFormat(headers);
  if (format !== permission.format) {
    throw new StorageError("NotImplemented", {
      message: `Get Permission does not turn ${permission.format} into ${format} in this emulator`,
    });
  }
  return {
    status: 200,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ permission: permission.text, format: permission.format }),
  };
}

/**
 * The key of the permission that the headers name, by text or by key; undefined when they name none.
 * `words` are values that mean no permission of their own, such as `inherit`.
 */
export function readPermissionKey(
  call: Call,
  share: Share,
  words: readonly string[] = [],
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
  if (text === undefined || words.includes(text.toLowerCase())) return undefined;
  if (text.length > maxHeaderBytes) throw invalidHeader("x-ms-file-permission", text);
  return savePermission(call.store, share.id, validatePermission(text, readFormat(headers)));
}

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
  const refusal = new StorageError("InvalidInput");
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw refusal;
  }
  if (typeof body !== "object" || body === null || !("permission" in body)) throw refusal;
  const { permission } = body;
  const asked = "format" in body ? String(body.format).toLowerCase() : "sddl";
  const format = formats.find((one) => one.toLowerCase() === asked);
  if (typeof permission !== "string" || format === undefined) throw refusal;
  return { permission, format };
}
