import type { Option } from "commander";

/** A flag of the command line, and the field of a request that it sets. */
export type RequestFlag = {
  /** The path in the body, such as `options.file.mode`; or the name of a header. */
  field: string;
  option: Option;
  /** The value that the flag sets, if it has no argument and does not set `true`. */
  value?: string;
  /** The flag's names for the subfields of `field` that it names differently. */
  parts?: Readonly<Record<string, string>>;
};

/** Builds the part of a request that the flags set, from commander's values; undefined if no flag is given. */
export function buildFields(
  flags: readonly RequestFlag[],
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> | undefined {
  const body: Record<string, unknown> = {};
  for (const { field, option, value } of flags) {
    const given = values[option.attributeName()];
    if (given === undefined) continue;
    const names = field.split(".");
    const last = names.pop() ?? field;
    let part = body;
    for (const name of names) part = (part[name] ??= {}) as Record<string, unknown>;
    part[last] = value ?? given;
  }
  return Object.keys(body).length === 0 ? undefined : body;
}
