type Service = "blob" | "file";

const like = (form: RegExp) => (value: unknown) => typeof value === "string" && form.test(value);
const text = like(/^[ -~]+$/);
const oneOf =
  (...choices: readonly unknown[]) =>
  (value: unknown) =>
    choices.includes(value);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const texts = (name: RegExp, most: number) => (value: unknown) =>
  isObject(value) &&
  Object.keys(value).length > 0 &&
  Object.keys(value).length <= most &&
  Object.entries(value).every(([key, each]) => name.test(key) && typeof each === "string");
const fields = (known: Readonly<Record<string, (value: unknown) => boolean>>) => (value: unknown) =>
  isObject(value) &&
  Object.entries(value).every(
    ([name, each]) => Object.hasOwn(known, name) && known[name]?.(each) === true,
  );
const time = like(/^\d{4}-\d\d-\d\dT.*Z$/);
const timeOrSource = (value: unknown) => value === "source" || time(value);

const conditions = fields({
  ifMatch: text,
  ifNoneMatch: text,
  ifModifiedSince: time,
  ifUnmodifiedSince: time,
  ifTags: text,
});

const known: Readonly<Record<string, (value: unknown) => boolean>> = {
  overwrite: oneOf("fail", "skip", "if-newer", "always"),
  ifBusy: oneOf("fail", "wait", "replace"),
  rollback: oneOf("off", "snapshot"),
  tier: like(/^(Hot|Cool|Cold|Archive|Smart|P[1-8]?\d)$/),
  rehydratePriority: oneOf("High", "Standard"),
  metadata: (value) =>
    texts(/^[A-Za-z_]\w*$/, 1_000)(value) && Object.values(Object(value)).every(text),
  tags: (value) => value === "source" || texts(/^[\w +\-./:=]+$/, 10)(value),
  sealBlob: oneOf(true, false),
  immutabilityPolicy: fields({ until: time, mode: oneOf("Unlocked", "Locked") }),
  legalHold: oneOf(true, false),
  sourceConditions: conditions,
  destinationConditions: conditions,
  sourceLease: oneOf("off", "hold"),
  destinationLease: like(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i),
  file: fields({
    permission: (value) => value === "source" || isObject(value),
    ignoreReadOnly: oneOf(true, false),
    attributes: (value) => value === "source" || value === "none" || Array.isArray(value),
    creationTime: timeOrSource,
    lastWriteTime: timeOrSource,
    changeTime: timeOrSource,
    setArchive: oneOf(true, false),
    owner: (value) => value === "source" || isObject(value),
    mode: (value) => value === "source" || like(/^[0-7]{4}$/)(value),
  }),
};

/** Options that are set and apply only to a blob, or only to a file. */
const onlyForBlobs = [
  "tier",
  "rehydratePriority",
  "tags",
  "immutabilityPolicy",
  "destinationConditions",
  "sourceConditions",
];

/**
 * Returns true if a copy between these services may have these options. The rules come from the README and not from
 * the product; they may be too lenient, and are never too strict. `usual` is the default of `overwrite`.
 */
export function areOptions(
  options: unknown,
  { from, to, usual }: { from: Service; to: Service; usual: string },
): boolean {
  if (options === undefined) return true;
  if (!fields(known)(options)) return false;
  const given = Object(options) as Record<string, unknown>;
  const { overwrite = usual, ifBusy, rollback } = given;
  // Only an overwritten destination can be replaced, restored or leased.
  const isKept = overwrite === "fail" || overwrite === "skip";
  if (ifBusy === "replace" && overwrite !== "always") return false;
  if (isKept && (rollback === "snapshot" || "destinationLease" in given)) return false;
  if (to === "blob" && "file" in given) return false;
  if (to === "file" && (rollback === "snapshot" || onlyForBlobs.some((name) => name in given))) {
    return false;
  }
  if (from === "file") {
    if (given["tags"] === "source" || given["sourceLease"] === "hold") return false;
    if (given["sealBlob"] === true || "sourceConditions" in given) return false;
  }
  return !("rehydratePriority" in given) || ("tier" in given && given["tier"] !== "Archive");
}
