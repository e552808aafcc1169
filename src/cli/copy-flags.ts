import { InvalidArgumentError, Option } from "commander";
import type { CopyOptions } from "../client/ferry.ts";

type FileOptions = NonNullable<CopyOptions["file"]>;
type Conditions = NonNullable<CopyOptions["sourceConditions"]>;
type Tier = NonNullable<CopyOptions["tier"]>;
type Attributes = NonNullable<FileOptions["attributes"]>;
type Texts = Record<string, string>;

/** The flags of `ferry copy` that become options of the request, as commander returns them. */
export type CopyFlags = {
  overwrite?: NonNullable<CopyOptions["overwrite"]>;
  ifBusy?: NonNullable<CopyOptions["ifBusy"]>;
  rollback?: NonNullable<CopyOptions["rollback"]>;
  tier?: Tier;
  rehydratePriority?: NonNullable<CopyOptions["rehydratePriority"]>;
  metadata?: Texts;
  tag?: Texts;
  tagsFromSource?: true;
  sealBlob?: true;
  legalHold?: true;
  immutableUntil?: string;
  immutabilityMode?: "Unlocked" | "Locked";
  sourceIf?: Conditions;
  destinationIf?: Conditions;
  sourceLease?: NonNullable<CopyOptions["sourceLease"]>;
  destinationLease?: string;
  filePermission?: NonNullable<FileOptions["permission"]>;
  fileAttributes?: Attributes;
  fileSetArchive?: true;
  fileIgnoreReadOnly?: true;
  fileCreationTime?: string;
  fileLastWriteTime?: string;
  fileChangeTime?: string;
  fileOwner?: NonNullable<FileOptions["owner"]>;
  fileMode?: string;
};

const tiers: readonly Tier[] = ["Hot", "Cool", "Cold", "Archive", "Smart"].concat(
  ["P4", "P6", "P10", "P15", "P20", "P30", "P40", "P50", "P60", "P70", "P80"], // of premium page blobs
) as Tier[];

const conditionNames: Record<string, keyof Conditions> = {
  match: "ifMatch",
  "none-match": "ifNoneMatch",
  "modified-since": "ifModifiedSince",
  "unmodified-since": "ifUnmodifiedSince",
  tags: "ifTags",
};

/** Creates the flags of `ferry copy` that become options of the request; `src/http/README.md` describes the options. */
export function createCopyFlags(): Option[] {
  const flag = (flags: string, description: string) => new Option(flags, description);
  const ofBoth = "source or a time in UTC";
  return [
    flag("--overwrite <rule>", "if the destination exists (default: fail)").choices([
      "fail",
      "skip",
      "if-newer",
      "always",
    ]),
    flag("--if-busy <rule>", "if another copy writes to the destination (default: fail)").choices([
      "fail",
      "wait",
      "replace",
    ]),
    flag("--rollback <rule>", "restore the old content after a failure or an abort").choices([
      "off",
      "snapshot",
    ]),
    flag("--tier <tier>", "access tier of the new blob").choices(tiers),
    flag("--rehydrate-priority <priority>", "of an archived source").choices(["High", "Standard"]),
    flag(
      "--metadata <name=value>",
      "replace the metadata of the source; repeat it for more",
    ).argParser(collectText),
    flag("--tag <name=value>", "set a tag; repeat it for more").argParser(collectText),
    flag("--tags-from-source", "copy the tags").conflicts("tag"),
    flag("--seal-blob", "seal the new append blob"),
    flag("--legal-hold", "set a legal hold on the new blob"),
    flag("--immutable-until <time>", "set an immutability policy on the new blob"),
    flag("--immutability-mode <mode>", "of that policy (default: Unlocked)").choices([
      "Unlocked",
      "Locked",
    ]),
    flag("--source-if <condition=value>", conditionHelp).argParser(collectCondition),
    flag("--destination-if <condition=value>", "the same for the destination").argParser(
      collectCondition,
    ),
    flag("--source-lease <rule>", "lease the source blob during the copy").choices(["off", "hold"]),
    flag("--destination-lease <id>", "id of the infinite lease on the destination"),
    flag("--file-permission <permission>", "source, sddl:…, binary:… or key:…").argParser(
      parsePermission,
    ),
    flag("--file-attributes <list>", "source, none, or a list such as Archive,Hidden").argParser(
      (text) => (text === "source" || text === "none" ? text : text.split(",")),
    ),
    flag("--file-set-archive", "set the attribute Archive"),
    flag("--file-ignore-read-only", "overwrite a read-only file"),
    flag("--file-creation-time <time>", ofBoth),
    flag("--file-last-write-time <time>", ofBoth),
    flag("--file-change-time <time>", ofBoth),
    flag("--file-owner <owner>", "source, or user:group as numbers; NFS").argParser(parseOwner),
    flag("--file-mode <mode>", "source, or four octal digits; NFS"),
  ];
}

const conditionHelp = `${Object.keys(conditionNames).join(", ")}; repeat it for more`;

/** Builds the options of a request; the app checks the values. */
export function readCopyOptions(flags: CopyFlags): CopyOptions | undefined {
  const { immutableUntil: until, immutabilityMode: mode = "Unlocked" } = flags;
  const file: { [Name in keyof FileOptions]: FileOptions[Name] | undefined } = {
    permission: flags.filePermission,
    attributes: flags.fileAttributes,
    setArchive: flags.fileSetArchive,
    ignoreReadOnly: flags.fileIgnoreReadOnly,
    creationTime: flags.fileCreationTime,
    lastWriteTime: flags.fileLastWriteTime,
    changeTime: flags.fileChangeTime,
    owner: flags.fileOwner,
    mode: flags.fileMode,
  };
  const options: { [Name in keyof Required<CopyOptions>]: CopyOptions[Name] | undefined } = {
    overwrite: flags.overwrite,
    ifBusy: flags.ifBusy,
    rollback: flags.rollback,
    tier: flags.tier,
    rehydratePriority: flags.rehydratePriority,
    metadata: flags.metadata,
    tags: flags.tagsFromSource === true ? "source" : flags.tag,
    sealBlob: flags.sealBlob,
    legalHold: flags.legalHold,
    immutabilityPolicy: until === undefined ? undefined : { until, mode },
    sourceConditions: flags.sourceIf,
    destinationConditions: flags.destinationIf,
    sourceLease: flags.sourceLease,
    destinationLease: flags.destinationLease,
    file: defined(file),
  };
  return defined(options);
}

/** Returns the fields that are given; undefined if there is none. */
function defined<Fields extends object>(
  fields: Fields,
): { [Name in keyof Fields]: Exclude<Fields[Name], undefined> } | undefined {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  // The names and values are those of `fields`, and the ones that are absent are optional.
  return given.length === 0 ? undefined : (Object.fromEntries(given) as never);
}

function splitPair(text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be a name and a value with = between them.");
  return [text.slice(0, at), text.slice(at + 1)];
}

function collectText(text: string, before: Texts = {}): Texts {
  const [name, value] = splitPair(text);
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is given twice.`);
  return Object.fromEntries([...Object.entries(before), [name, value]]);
}

function collectCondition(text: string, before: Conditions = {}): Conditions {
  const [name, value] = splitPair(text);
  const condition = Object.hasOwn(conditionNames, name) ? conditionNames[name] : undefined;
  if (condition === undefined) {
    const names = Object.keys(conditionNames).join(", ");
    throw new InvalidArgumentError(`The condition must be one of ${names}.`);
  }
  if (Object.hasOwn(before, condition)) throw new InvalidArgumentError(`${name} is given twice.`);
  return { ...before, [condition]: value };
}

function parsePermission(text: string): NonNullable<FileOptions["permission"]> {
  if (text === "source") return text;
  const [, kind, value = ""] = /^(sddl|binary|key):(.*)$/s.exec(text) ?? [];
  if (kind === "sddl") return { sddl: value };
  if (kind === "binary") return { binary: value };
  if (kind === "key") return { key: value };
  throw new InvalidArgumentError("It must be source, sddl:…, binary:… or key:….");
}

function parseOwner(text: string): NonNullable<FileOptions["owner"]> {
  if (text === "source") return text;
  const [user, group, ...rest] = text.split(":");
  if (user === undefined || group === undefined || rest.length > 0) {
    throw new InvalidArgumentError("It must be source, or a user and a group with : between them.");
  }
  return { user, group };
}
