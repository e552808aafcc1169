import { z } from "zod";
import { utcTime } from "../time.ts";

/**
 * What a file shall be beside its content ("Copy File"). `source` copies it from a source file; what
 * is left out is Storage's own default.
 */
export type FileOptions = z.output<typeof fileOptionsShape>;

/** "Copy File", file system attributes; `None` stands alone, and is written `none`. */
const attribute = z.enum([
  "ReadOnly",
  "Hidden",
  "System",
  "Archive",
  "Temporary",
  "Offline",
  "NotContentIndexed",
  "NoScrubData",
]);

const time = z.union([z.literal("source"), utcTime], {
  error: 'must be "source" or a time in UTC such as "2026-11-20T12:00:00Z"',
});

/** Security descriptors travel in a header; longer ones are kept by Create Permission and have a key. */
const descriptor = z.string().regex(/^[\x21-\x7e]([\x20-\x7e]{0,8190}[\x21-\x7e])?$/, {
  error: "must be a security descriptor of at most 8 KiB, in ASCII",
});

const id = z.string().regex(/^\d{1,10}$/, { error: "must be an id in decimal digits" });

export const fileOptionsShape = z.strictObject({
  /** x-ms-file-permission-copy-mode, -permission, -permission-format, -permission-key. */
  permission: z
    .union(
      [
        z.literal("source"),
        z.strictObject({ sddl: descriptor }),
        z.strictObject({ binary: z.base64().min(1).max(8_192) }),
        z.strictObject({ key: z.string().regex(/^[\x21-\x7e]{1,512}$/) }),
      ],
      { error: 'must be "source" or one of { "sddl" }, { "binary" } (base64) and { "key" }' },
    )
    .exactOptional(),
  /** x-ms-file-copy-ignore-readonly: write over a file that has the attribute ReadOnly. */
  ignoreReadOnly: z.boolean().exactOptional(),
  /** x-ms-file-attributes. */
  attributes: z
    .union([z.enum(["source", "none"]), z.array(attribute).min(1)], {
      error: 'must be "source", "none" or a list of attributes such as ["Archive", "Hidden"]',
    })
    .exactOptional(),
  /** x-ms-file-creation-time, -last-write-time, -change-time. */
  creationTime: time.exactOptional(),
  lastWriteTime: time.exactOptional(),
  changeTime: time.exactOptional(),
  /** x-ms-file-copy-set-archive: the attribute Archive, whatever `attributes` says. */
  setArchive: z.boolean().exactOptional(),
  /** x-ms-file-owner-copy-mode, x-ms-owner, x-ms-group, on an NFS share. */
  owner: z
    .union([z.literal("source"), z.strictObject({ user: id, group: id })], {
      error: 'must be "source" or { "user", "group" } with ids in decimal digits',
    })
    .exactOptional(),
  /** x-ms-file-mode-copy-mode, x-ms-mode, on an NFS share. */
  mode: z
    .union([z.literal("source"), z.string().regex(/^[0-7]{4}$/)], {
      error: 'must be "source" or a mode of four octal digits such as "0644"',
    })
    .exactOptional(),
});

/** SMB shares know these, NFS shares the owner and the mode. */
const ofSmb = ["permission", "ignoreReadOnly", "attributes", "setArchive"] as const;
const ofNfs = ["owner", "mode"] as const;

/** Options that no share has together: the first of each kind, in words. */
export function mixedProtocols(file: FileOptions): string | null {
  const smb = ofSmb.find((name) => file[name] !== undefined);
  const nfs = ofNfs.find((name) => file[name] !== undefined);
  return smb === undefined || nfs === undefined
    ? null
    : `asks for ${smb}, which SMB shares have, and ${nfs}, which NFS shares have`;
}

/** The options that are copied from a source file. */
export function takenFromSource(file: FileOptions): string[] {
  return Object.entries(file).flatMap(([name, value]) => (value === "source" ? [name] : []));
}
