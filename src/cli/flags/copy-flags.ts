import { InvalidArgumentError, Option } from "commander";
import type { CopyOptions } from "../../client/ferry.ts";
import { buildFields } from "./request-flags.ts";
import type { RequestFlag } from "./request-flags.ts";

type FileOptions = NonNullable<CopyOptions["file"]>;
type Conditions = NonNullable<CopyOptions["sourceConditions"]>;
type Tier = NonNullable<CopyOptions["tier"]>;
type Texts = Record<string, string>;

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

/** Creates the flags that become options of a request; `src/http/README.md` describes the options. */
export function createOptionFlags(): RequestFlag[] {
  const flag = (name: string, flags: string, description: string, choices?: readonly string[]) => {
    const option = new Option(flags, description);
    return { field: `options.${name}`, option: choices ? option.choices(choices) : option };
  };
  const parsed = <Value>(
    { field, option }: RequestFlag,
    parse: (text: string, before: Value) => Value,
  ): RequestFlag => ({ field, option: option.argParser(parse) });
  const condition = (each: RequestFlag) => ({
    ...parsed(each, collectCondition),
    parts: conditionFlags,
  });
  const ofBoth = "source or a time in UTC";
  const fromSource = flag("tags", "--tags-from-source", "copy the tags");
  fromSource.option.conflicts("tag");
  return [
    flag("overwrite", "--overwrite <rule>", "if the destination exists (default: fail)", [
      "fail",
      "skip",
      "if-newer",
      "always",
    ]),
    flag(
      "ifBusy",
      "--if-busy <rule>",
      "if another copy writes to the destination (default: fail)",
      ["fail", "wait", "replace"],
    ),
    flag(
      "rollback",
      "--rollback <rule>",
      "restore the old content after a failure or an abort",
      offOr("snapshot"),
    ),
    flag("tier", "--tier <tier>", "access tier of the new blob", tiers),
    flag("rehydratePriority", "--rehydrate-priority <priority>", "of an archived source", [
      "High",
      "Standard",
    ]),
    parsed(
      flag(
        "metadata",
        "--metadata <name=value>",
        "replace the metadata of the source; repeat it for more",
      ),
      collectText,
    ),
    parsed(flag("tags", "--tag <name=value>", "set a tag; repeat it for more"), collectText),
    { ...fromSource, value: "source" },
    flag("sealBlob", "--seal-blob", "seal the new append blob"),
    flag("legalHold", "--legal-hold", "set a legal hold on the new blob"),
    flag(
      "immutabilityPolicy.until",
      "--immutable-until <time>",
      "set an immutability policy on the new blob",
    ),
    flag(
      "immutabilityPolicy.mode",
      "--immutability-mode <mode>",
      "of that policy (default: Unlocked)",
      ["Unlocked", "Locked"],
    ),
    condition(flag("sourceConditions", "--source-if <condition=value>", conditionHelp)),
    condition(
      flag(
        "destinationConditions",
        "--destination-if <condition=value>",
        "the same for the destination",
      ),
    ),
    flag(
      "sourceLease",
      "--source-lease <rule>",
      "lease the source blob during the copy",
      offOr("hold"),
    ),
    flag(
      "destinationLease",
      "--destination-lease <id>",
      "id of the infinite lease on the destination",
    ),
    parsed(
      flag(
        "file.permission",
        "--file-permission <permission>",
        "source, sddl:…, binary:… or key:…",
      ),
      parsePermission,
    ),
    parsed(
      flag(
        "file.attributes",
        "--file-attributes <list>",
        "source, none, or a list such as Archive,Hidden",
      ),
      (text) => (text === "source" || text === "none" ? text : text.split(",")),
    ),
    flag("file.setArchive", "--file-set-archive", "set the attribute Archive"),
    flag("file.ignoreReadOnly", "--file-ignore-read-only", "overwrite a read-only file"),
    flag("file.creationTime", "--file-creation-time <time>", ofBoth),
    flag("file.lastWriteTime", "--file-last-write-time <time>", ofBoth),
    flag("file.changeTime", "--file-change-time <time>", ofBoth),
    parsed(
      flag("file.owner", "--file-owner <owner>", "source, or user:group as numbers; NFS"),
      parseOwner,
    ),
    flag("file.mode", "--file-mode <mode>", "source, or four octal digits; NFS"),
  ];
}

const offOr = (value: string) => ["off", value];

/** The same names by field. */
const conditionFlags = Object.fromEntries(
  Object.entries(conditionNames).map(([name, field]) => [field, name]),
);

const conditionHelp = `${Object.keys(conditionNames).join(", ")}; repeat it for more`;

/** Builds the options of a request from the values of commander; the app checks them. */
export function readCopyOptions(
  values: Readonly<Record<string, unknown>>,
): CopyOptions | undefined {
  const { options } = buildFields(createOptionFlags(), values) ?? {};
  if (options === undefined) return undefined;
  // A test compares the flags with the document of the API.
  const given = options as CopyOptions;
  const { immutabilityPolicy: policy } = given;
  if (policy?.until !== undefined) policy.mode ??= "Unlocked";
  return given;
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
