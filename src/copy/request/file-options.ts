import { z } from "zod";
import { utcTime } from "../time.ts";

/**
 * Properties of a destination file ("Copy File"). `source` copies a property from a source file; Storage's
 * default applies to a property that is left out.
 */
export type FileOptions = z.output<typeof fileOptionsShape>;

/** "Copy File", file system attributes. `None` cannot be combined with others, so it is the value `none`. */
const attributes = [
  "ReadOnly",
  "Hidden",
  "System",
  "Archive",
  "Temporary",
  "Offline",
  "NotContentIndexed",
  "NoScrubData",
] as const;
const attribute = z.enum(attributes);

const time = z.union([z.literal("source"), utcTime], {
  error: 'must be "source" or a time in UTC such as "2026-11-20T12:00:00Z"',
});

/** A security descriptor is sent in a header; a longer one is stored with Create Permission and has a key. */
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
  /** x-ms-file-copy-ignore-readonly: overwrite a file that has the attribute ReadOnly. */
  ignoreReadOnly: z.boolean().exactOptional(),
  /** x-ms-file-attributes. */
  attributes: z
    .union([z.enum(["source", "none"]), z.array(attribute).min(1).max(attributes.length)], {
      error: 'must be "source", "none" or a list of attributes such as ["Archive", "Hidden"]',
    })
    .exactOptional(),
  /** x-ms-file-creation-time, -last-write-time, -change-time. */
  creationTime: time.exactOptional(),
  lastWriteTime: time.exactOptional(),
  changeTime: time.exactOptional(),
  /** x-ms-file-copy-set-archive: sets the attribute Archive, in addition to `attributes`. */
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

const smbOptions = ["permission", "ignoreReadOnly", "attributes", "setArchive"] as const;
const nfsOptions = ["owner", "mode"] as const;

/** The problem of options for SMB together with options for NFS, which no share supports; null when there is none. */
export function mixedProtocols(file: FileOptions): string | null {
  const smb = smbOptions.find((name) => file[name] !== undefined);
  const nfs = nfsOptions.find((name) => file[name] !== undefined);
  return smb === undefined || nfs === undefined
    ? null
    : `has ${smb}, which only SMB shares support, and ${nfs}, which only NFS shares support`;
}

/** The names of the options that are copied from a source file. */
export function takenFromSource(file: FileOptions): string[] {
  return Object.entries(file).flatMap(([name, value]) => (value === "source" ? [name] : []));
}
