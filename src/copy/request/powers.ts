import type { Conditions } from "./conditions.ts";
import { optionsOff } from "./copy-options.ts";
import type { CopyOptions } from "./copy-options.ts";
import type { FileOptions } from "./file-options.ts";
import type { Grant } from "./grants.ts";
import type { Problem } from "./request-problem.ts";

/** An option of a request, with a dot before the name of an option for files. */
export type OptionName = Exclude<keyof CopyOptions, "file"> | `file.${keyof FileOptions}`;

/**
 * The effect of an option's values, apart from creating or overwriting the destination:
 *
 * - `free`: nothing. Every pair and every route grants them.
 * - `word`: more than that. A pair or a route grants them by this word in its `allow` list.
 * - `route`: they affect later copies onto the same name, or a protection of the destination. A pair grants them,
 *   because its callers own the destination. Along a route, only the route itself may set them.
 *
 * `needs` returns true for the values to which the decision applies; without it, it applies to every value except the
 * default.
 */
type Power =
  | { kind: "free" }
  | { kind: "word"; word: Grant; needs?: (options: CopyOptions) => boolean }
  | {
      kind: "route";
      because: string;
      needs: (options: CopyOptions, route: CopyOptions) => boolean;
    };

const free = { kind: "free" } as const;
const permissions = { kind: "word", word: "permissions" } as const;

/** The decision about every option, in the order of their problems. A new option does not compile without one. */
export const powers: Readonly<Record<OptionName, Power>> = {
  sourceLease: { kind: "word", word: "hold-source" },
  immutabilityPolicy: { kind: "word", word: "lock" },
  legalHold: { kind: "word", word: "legal-hold" },
  sealBlob: { kind: "word", word: "seal" },
  ifBusy: { kind: "word", word: "replace", needs: ({ ifBusy }) => ifBusy === "replace" },
  // All values: "source" copies any of them, and a file without setuid may still be writable for everyone.
  "file.permission": permissions,
  "file.owner": permissions,
  "file.mode": permissions,
  tier: {
    kind: "route",
    because: "Storage does not overwrite an archived blob",
    needs: ({ tier }) => tier === "Archive",
  },
  tags: {
    kind: "route",
    because: "destinationConditions.ifTags of the route reads the tags of the destination",
    needs: ({ tags }, route) => tags !== null && hasTagCondition(route.destinationConditions),
  },
  "file.attributes": {
    kind: "route",
    because: "Storage does not overwrite a file with the attribute ReadOnly",
    needs: ({ file }) => mayBeReadOnly(file?.attributes),
  },
  "file.ignoreReadOnly": {
    kind: "route",
    because: "the attribute ReadOnly protects the file from the route",
    needs: ({ file }) => file?.ignoreReadOnly === true,
  },
  overwrite: free,
  rollback: free,
  rehydratePriority: free,
  metadata: free,
  sourceConditions: free,
  destinationConditions: free,
  destinationLease: free,
  "file.creationTime": free,
  "file.lastWriteTime": free,
  "file.changeTime": free,
  "file.setArchive": free,
};

function hasTagCondition(conditions: Conditions | null): boolean {
  return conditions?.ifTags !== undefined;
}

function mayBeReadOnly(attributes: FileOptions["attributes"]): boolean {
  return attributes === "source" || (Array.isArray(attributes) && attributes.includes("ReadOnly"));
}

/** The pairs, or the route, that allow a copy. `name`: their name in problems. */
export type Granter = {
  name: string;
  allow: ReadonlySet<Grant>;
  /** The options that the route sets, and their values; null for pairs. */
  route: { sets: readonly string[]; options: CopyOptions } | null;
};

/** The problems of options that the granter does not grant. */
export function missingGrants(options: CopyOptions, { name, allow, route }: Granter): Problem[] {
  return optionNames.flatMap((option): Problem[] => {
    const power = powers[option];
    const [whole = "", part] = option.split(".");
    const pointer = `/options/${option.replace(".", "/")}`;
    if (power.kind === "word") {
      const isNeeded = power.needs?.(options) ?? isGiven(options, whole, part);
      if (!isNeeded || allow.has(power.word)) return [];
      return [{ pointer, message: `needs "${power.word}" in the "allow" list of ${name}` }];
    }
    if (power.kind === "free" || route === null) return [];
    if (!power.needs(options, route.options) || route.sets.includes(whole)) return [];
    const message = `can have this value only if ${name} sets it, because ${power.because}`;
    return [{ pointer, message }];
  });
}

const optionNames = Object.keys(powers).filter((name): name is OptionName =>
  Object.hasOwn(powers, name),
);

/** Returns true for every value except the default. `part`: the name of an option for files. */
function isGiven(options: CopyOptions, name: string, part: string | undefined): boolean {
  const valueOf = (all: object): unknown => Object.entries(all).find(([key]) => key === name)?.[1];
  const value = valueOf(options);
  return part === undefined ? value !== valueOf(optionsOff) : Object.hasOwn(Object(value), part);
}
