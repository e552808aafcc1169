/**
 * Which `sr` a SAS for this state of a blob must have, and the time that it signs: the base blob, one
 * snapshot or one version (REST page "Create a service SAS", signed resource). Whether a base blob's
 * SAS opens its snapshots and versions is not documented: here it does not, a container's does.
 */
export function signedRevision(field: (name: string) => string): {
  sr: "b" | "bs" | "bv";
  time: string;
} {
  if (field("snapshot") !== "") return { sr: "bs", time: field("snapshot") };
  if (field("versionid") !== "") return { sr: "bv", time: field("versionid") };
  return { sr: "b", time: "" };
}
