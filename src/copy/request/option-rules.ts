import { impossibleCondition } from "./conditions.ts";
import { optionsOff } from "./copy-options.ts";
import type { CopyOptions } from "./copy-options.ts";
import type { Problem } from "./request-problem.ts";
import { isOntoItself, isSecondaryOf } from "../location/endpoint.ts";
import type { Destination, Endpoint } from "../location/endpoint.ts";
import { hasTrailingDot } from "../location/storage-names.ts";
import { mixedProtocols, takenFromSource } from "./file-options.ts";

type Service = Endpoint["service"];
type Rule = {
  option: keyof CopyOptions;
  /** Only these values; else every one that is not off. */
  value?: CopyOptions[keyof CopyOptions];
  source?: readonly Service[];
  destination?: readonly Service[];
};

const blob = ["blob"] as const;
const file = ["file"] as const;
/** Whatever the app reads itself. */
const inStorage = ["blob", "file"] as const;

/** Which ends an option needs ("Copy Blob", "Copy File", request headers). */
export const optionRules: readonly Rule[] = [
  { option: "overwrite", value: "if-newer", source: inStorage },
  { option: "rollback", destination: blob },
  { option: "tier", destination: blob },
  { option: "rehydratePriority", source: blob, destination: blob },
  { option: "tags", destination: blob },
  { option: "tags", value: "source", source: blob },
  { option: "sealBlob", source: blob, destination: blob },
  { option: "immutabilityPolicy", destination: blob },
  { option: "legalHold", destination: blob },
  // Copy File has no conditions, and Copy Blob none on a source in Azure Files.
  { option: "sourceConditions", source: blob, destination: blob },
  { option: "destinationConditions", destination: blob },
  { option: "sourceLease", source: blob },
  { option: "file", destination: file },
];

const names: Record<Service, string> = {
  blob: "a blob",
  file: "a file",
  external: "outside Azure Storage",
};

/** What does not fit what is copied, each by its pointer. */
export function incompatibleOptions(
  options: CopyOptions,
  source: Endpoint,
  destination: Destination,
): Problem[] {
  const problems: Problem[] = [];
  for (const rule of optionRules) {
    const value = options[rule.option];
    if (!("value" in rule) ? value === optionsOff[rule.option] : value !== rule.value) continue;
    for (const [end, { service }] of Object.entries({ source, destination })) {
      const fits = rule[end === "source" ? "source" : "destination"];
      if (fits === undefined || fits.includes(service)) continue;
      const message = `does not fit ${end === "source" ? "a source" : "a destination"} that is ${names[service]}`;
      problems.push({ pointer: `/options/${rule.option}`, message });
    }
  }
  if (source.service !== "file" && options.file !== null) {
    for (const name of takenFromSource(options.file)) {
      const message = 'can be "source" only when the source is a file';
      problems.push({ pointer: `/options/file/${name}`, message });
    }
  }
  for (const part of ["snapshot", "version"]) {
    if (options.sourceLease !== "hold" || !(part in source)) continue;
    const message = `does not fit a ${part}, which cannot change`;
    problems.push({ pointer: "/options/sourceLease", message });
  }
  // Only Copy File can be told to keep it: Copy Blob would read another file.
  if (source.service === "file" && destination.service === "blob" && hasTrailingDot(source.path)) {
    const message = "has a dot at the end of a name, which is lost on the way to a blob";
    problems.push({ pointer: "/source", message });
  }
  if (isSecondaryOf(source, destination)) {
    // What is written to the primary comes after, so that the copy would lose its source.
    const message =
      "is the destination's own secondary, which soon holds what the destination does";
    problems.push({ pointer: "/source", message });
  }
  if (isOntoItself(source, destination))
    problems.push(...incompatibleOntoItself(options, destination));
  return problems;
}

/** A blob is copied onto itself from a snapshot; there is no such thing for one file. */
function incompatibleOntoItself(options: CopyOptions, destination: Destination): Problem[] {
  if (destination.service === "file") {
    const message = "is the source itself; a file cannot be copied onto itself";
    return [{ pointer: "/destination", message }];
  }
  const problems: Problem[] = [];
  if (options.overwrite !== "always") {
    const message = 'must be "always" as the destination is the source itself';
    problems.push({ pointer: "/options/overwrite", message });
  }
  if (options.sourceLease === "hold") {
    const message = "does not fit a blob that is copied onto itself, as it is written over";
    problems.push({ pointer: "/options/sourceLease", message });
  }
  return problems;
}

/** Options that undo each other, whatever is copied. */
export function conflictingOptions(options: CopyOptions): Problem[] {
  const { overwrite, ifBusy, rollback, tier, file } = options;
  const problems: Problem[] = [];
  const refuse = (option: string, message: string) =>
    problems.push({ pointer: `/options/${option}`, message });
  const mayWriteOver = overwrite === "always" || overwrite === "if-newer";
  // What an aborted copy leaves behind exists, and is new: only "always" writes over it.
  if (ifBusy === "replace" && overwrite !== "always") {
    refuse("ifBusy", 'can be "replace" only when overwrite is "always"');
  }
  const onlyOver = `only when something may be written over, and overwrite is "${overwrite}"`;
  if (rollback === "snapshot" && !mayWriteOver) refuse("rollback", `can be "snapshot" ${onlyOver}`);
  if (options.destinationLease !== null && !mayWriteOver) {
    refuse("destinationLease", `can be given ${onlyOver}`);
  }
  if (options.destinationConditions?.ifMatch !== undefined && !mayWriteOver) {
    refuse("destinationConditions/ifMatch", `can be given ${onlyOver}`);
  }
  if (options.rehydratePriority !== null && (tier === null || tier === "Archive")) {
    refuse("rehydratePriority", "can be given only beside a tier that is online");
  }
  for (const end of ["sourceConditions", "destinationConditions"] as const) {
    const conditions = options[end];
    const impossible = conditions === null ? null : impossibleCondition(conditions);
    if (impossible !== null) refuse(`${end}/${impossible}`, "rules out what stands beside it");
  }
  const mixed = file === null ? null : mixedProtocols(file);
  if (mixed !== null) refuse("file", mixed);
  return problems;
}
