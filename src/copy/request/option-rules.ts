import { impossibleCondition } from "./conditions.ts";
import { optionsOff } from "./copy-options.ts";
import type { CopyOptions } from "./copy-options.ts";
import type { Problem } from "./request-problem.ts";
import { differOnlyInSlashes, isOntoItself, isSecondaryOf } from "../location/endpoint.ts";
import type { Destination, Endpoint } from "../location/endpoint.ts";
import { hasTrailingDot } from "../location/storage-names.ts";
import { mixedProtocols, takenFromSource } from "./file-options.ts";

type Service = Endpoint["service"];
type Rule = {
  option: keyof CopyOptions;
  /** The rule applies to this value; without it, to every value except the default. */
  value?: CopyOptions[keyof CopyOptions];
  source?: readonly Service[];
  destination?: readonly Service[];
};

const blob = ["blob"] as const;
const file = ["file"] as const;
/** Sources that the app reads itself. */
const inStorage = ["blob", "file"] as const;

/** The services that an option supports as source and destination ("Copy Blob", "Copy File", request headers). */
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
  // Copy File supports no conditions, and Copy Blob supports none on a source in Azure Files.
  { option: "sourceConditions", source: blob, destination: blob },
  { option: "destinationConditions", destination: blob },
  { option: "sourceLease", source: blob },
  { option: "file", destination: file },
];

const serviceNames: Record<Service, string> = {
  blob: "a blob",
  file: "a file",
  external: "outside Azure Storage",
};

/** Problems of options that do not apply to this source and destination. */
export function incompatibleOptions(
  options: CopyOptions,
  source: Endpoint,
  destination: Destination,
): Problem[] {
  const problems: Problem[] = [];
  for (const rule of optionRules) {
    const value = options[rule.option];
    if (!("value" in rule) ? value === optionsOff[rule.option] : value !== rule.value) continue;
    for (const [side, { service }] of Object.entries({ source, destination })) {
      const supported = rule[side === "source" ? "source" : "destination"];
      if (supported === undefined || supported.includes(service)) continue;
      const message = `does not apply to a ${side} that is ${serviceNames[service]}`;
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
    const message = `does not apply to a ${part}, which cannot change`;
    problems.push({ pointer: "/options/sourceLease", message });
  }
  // Only Copy File has an option to keep the dot: Copy Blob would read another file.
  if (source.service === "file" && destination.service === "blob" && hasTrailingDot(source.path)) {
    const message = "has a name that ends in a dot, which Storage removes when it copies to a blob";
    problems.push({ pointer: "/source", message });
  }
  if (isSecondaryOf(source, destination)) {
    // The secondary replicates the primary, so the copy would lose its source.
    const message =
      "is the secondary replica of the destination, which the copy would soon overwrite";
    problems.push({ pointer: "/source", message });
  }
  if (differOnlyInSlashes(source, destination)) {
    const message =
      "differs from the source only in its slashes; with a hierarchical namespace both are one blob";
    problems.push({ pointer: "/destination", message });
  }
  if (isOntoItself(source, destination))
    problems.push(...incompatibleOntoItself(options, destination));
  return problems;
}

/** A blob is copied onto itself from a snapshot; single files have no snapshots. */
function incompatibleOntoItself(options: CopyOptions, destination: Destination): Problem[] {
  if (destination.service === "file") {
    const message = "is the source itself; a file cannot be copied onto itself";
    return [{ pointer: "/destination", message }];
  }
  const problems: Problem[] = [];
  if (options.overwrite !== "always") {
    const message = 'must be "always" because the destination is the source itself';
    problems.push({ pointer: "/options/overwrite", message });
  }
  if (options.sourceLease === "hold") {
    const message =
      "does not apply to a blob that is copied onto itself, because it is overwritten";
    problems.push({ pointer: "/options/sourceLease", message });
  }
  return problems;
}

/** Problems of mutually exclusive options, for any source and destination. */
export function conflictingOptions(options: CopyOptions): Problem[] {
  const { overwrite, ifBusy, rollback, tier, file } = options;
  const problems: Problem[] = [];
  const refuse = (option: string, message: string) =>
    problems.push({ pointer: `/options/${option}`, message });
  const mayOverwrite = overwrite === "always" || overwrite === "if-newer";
  // An aborted copy leaves a new blob behind, which only "always" overwrites.
  if (ifBusy === "replace" && overwrite !== "always") {
    refuse("ifBusy", 'can be "replace" only when overwrite is "always"');
  }
  const onlyOverwriting = `only when overwrite is "always" or "if-newer", and it is "${overwrite}"`;
  if (rollback === "snapshot" && !mayOverwrite) {
    refuse("rollback", `can be "snapshot" ${onlyOverwriting}`);
  }
  if (options.destinationLease !== null && !mayOverwrite) {
    refuse("destinationLease", `can be given ${onlyOverwriting}`);
  }
  if (options.destinationConditions?.ifMatch !== undefined && !mayOverwrite) {
    refuse("destinationConditions/ifMatch", `can be given ${onlyOverwriting}`);
  }
  if (options.rehydratePriority !== null && (tier === null || tier === "Archive")) {
    refuse("rehydratePriority", "can be given only together with an online tier");
  }
  for (const list of ["sourceConditions", "destinationConditions"] as const) {
    const conditions = options[list];
    const impossible = conditions === null ? null : impossibleCondition(conditions);
    if (impossible !== null) refuse(`${list}/${impossible}`, "contradicts another condition");
  }
  const mixed = file === null ? null : mixedProtocols(file);
  if (mixed !== null) refuse("file", mixed);
  return problems;
}
