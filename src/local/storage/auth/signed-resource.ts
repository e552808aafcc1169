/**
 * The `sr` that a SAS must have for the requested revision (the base blob, a snapshot or a version), and
 * the time that the SAS signs (REST page "Create a service SAS", signed resource). Azure does not document
 * whether the SAS of a base blob grants access to its snapshots and versions. Here it does not; the SAS of
 * a container does.
 */
export function signedRevision(field: (name: string) => string): {
  sr: "b" | "bs" | "bv";
  time: string;
} {
  if (field("snapshot") !== "") return { sr: "bs", time: field("snapshot") };
  if (field("versionid") !== "") return { sr: "bv", time: field("versionid") };
  return { sr: "b", time: "" };
}
