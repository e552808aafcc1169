import { isOntoItself } from "../location/endpoint.ts";
import type { CopyOptions } from "../request/copy-options.ts";
import type { CopyRequest } from "../request/copy-request.ts";
import { planCalls } from "./planned-calls.ts";
import type { PlannedCall, PlannedSas } from "./planned-calls.ts";

/** The effects that a copy would have, according to its request and the settings, without any read. */
export type DryRun = {
  reads: PlannedCall[];
  writes: PlannedCall[];
  mints: PlannedSas[];
  /** Sentences: the conditions under which the copy is started. */
  conditions: string[];
  /**
   * Properties that the destination would not get from the source, each with the option that changes that, if there is
   * one.
   */
  notCarried: { what: string; option: string | null }[];
};

/** Plans a dry run. `canMint`: the app's identity can sign a SAS for the source. */
export function planDryRun(request: CopyRequest, canMint: boolean): DryRun {
  return {
    ...planCalls(request, canMint),
    conditions: conditionsOf(request),
    notCarried: notCarried(request),
  };
}

const byOverwrite: Readonly<Record<CopyOptions["overwrite"], string>> = {
  fail: "The destination does not exist; otherwise the copy fails with destination-exists",
  skip: "The destination does not exist; otherwise nothing is copied, and the copy is skipped",
  "if-newer":
    "The destination does not exist, or is older than the source; otherwise the copy is skipped",
  always: "The destination may exist, and is overwritten",
};

function conditionsOf({ source, destination, options }: CopyRequest): string[] {
  const given = (side: "source" | "destination", conditions: CopyOptions["sourceConditions"]) =>
    Object.entries(conditions ?? {}).map(
      ([name, value]) =>
        `${name} of the ${side}: ${value}; otherwise the copy fails with condition-not-met`,
    );
  const isBlob = destination.service === "blob";
  return [
    byOverwrite[options.overwrite],
    ...(source.service === "external"
      ? []
      : [
          "The source is not the empty blob or file that an unsuccessful copy left; otherwise the copy fails with source-copy-failed",
        ]),
    ...given("source", options.sourceConditions),
    ...given("destination", options.destinationConditions),
    ...(source.service === "external" || !isBlob
      ? []
      : ["The source still has the ETag that Ferry read (x-ms-source-if-match)"]),
    isBlob
      ? "The destination is still as Ferry read it (If-Match, or If-None-Match: *)"
      : "Azure Files has no conditional writes: Ferry reads the destination just before the copy",
    "No other Ferry copy writes to the destination; ifBusy says what happens otherwise",
    ...(isOntoItself(source, destination)
      ? ["The copy is made from a snapshot of the blob itself"]
      : []),
  ];
}

function notCarried({ source, destination, options }: CopyRequest): DryRun["notCarried"] {
  const left = (what: string, option: string | null = null) => ({ what, option });
  const always = [
    left("leases"),
    left("snapshots and earlier versions"),
    left("access control lists of a hierarchical namespace"),
  ];
  if (destination.service === "file") {
    const { file } = options;
    const owned = [
      ["permissions", "permission"],
      ["attributes", "attributes"],
      ["creation time", "creationTime"],
      ["last write time", "lastWriteTime"],
      ["owner and group of an NFS file", "owner"],
      ["mode of an NFS file", "mode"],
    ] as const;
    const missing = owned.filter(([, option]) => file?.[option] === undefined);
    return [
      ...missing.map(([what, option]) => left(what, `file.${option}`)),
      left("leases"),
      left("share snapshots"),
    ];
  }
  return [
    ...(options.tags === null ? [left("index tags", "tags")] : []),
    ...(options.tier === null ? [left("access tier", "tier")] : []),
    ...(options.immutabilityPolicy === null
      ? [left("immutability policy", "immutabilityPolicy")]
      : []),
    ...(options.legalHold ? [] : [left("legal hold", "legalHold")]),
    ...(options.metadata === null
      ? []
      : [left("the source's metadata, which the request replaces", "metadata")]),
    ...(source.service === "file" ? [left("permissions, attributes and times of the file")] : []),
    ...always,
  ];
}
