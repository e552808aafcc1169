import { createOptionFlags } from "./copy-flags.ts";
import { createJobFlags } from "./job-flags.ts";
import type { RequestFlag } from "./request-flags.ts";

/*
 * The app's messages name the fields of a request. For people, `ferry` replaces them by the names of its flags;
 * `--json` keeps the names of the API.
 */

type Named = { flag: string; parts: Readonly<Record<string, string>> };

const flags: readonly RequestFlag[] = [...createOptionFlags(), ...createJobFlags()];

/** The name of each field that has an argument or a flag. Only the first row for a field counts. */
const byField: ReadonlyMap<string, Named> = new Map(
  [
    ...flags.map(({ field, option, parts = {} }): [string, Named] => {
      return [field, { flag: option.long ?? option.flags, parts }];
    }),
    ...Object.entries({
      source: "<source>",
      destination: "<destination>",
      route: "--route",
      // The flag that is missing if only a part of the policy was given.
      "options.immutabilityPolicy": "--immutable-until",
      "Idempotency-Key": "--idempotency-key",
    }).map(([field, flag]): [string, Named] => [field, { flag, parts: {} }]),
  ].toReversed(),
);

/** Flags that stand for one value: `tags "source"` is `--tags-from-source`. */
const byValue: ReadonlyMap<string, string> = new Map(
  flags.flatMap(({ field, value, option }): [string, string][] =>
    value === undefined ? [] : [[`${nameOf(field)} "${value}"`, option.long ?? option.flags]],
  ),
);

/** The last name of a path. */
function nameOf(field: string): string {
  return field.slice(field.lastIndexOf(".") + 1);
}

const onlyInApi = "(only in the API)";

/** Names the field of a request by its JSON pointer; empty for the whole request. */
export function nameField(pointer: string): string {
  if (pointer === "") return "";
  const path = pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  return namePath(path) ?? `${pointer} ${onlyInApi}`;
}

/** Names the field by the longest part of its path that has a flag; null if no part has one. */
function namePath(path: readonly string[]): string | null {
  for (let length = path.length; length > 0; length--) {
    const named = byField.get(path.slice(0, length).join("."));
    if (named === undefined) continue;
    const rest = path.slice(length).map((part) => {
      if (Object.hasOwn(named.parts, part)) return `${named.parts[part]}=…`;
      return /^\d+$/.test(part) ? `#${Number(part) + 1}` : part;
    });
    return [named.flag, ...rest].join(" ");
  }
  return nameGroup(path.join("."));
}

/** Names a field that has flags only for its parts by the beginning of these flags, such as `--file-…`. */
function nameGroup(field: string): string | null {
  const [first = "", ...rest] = [...byField]
    .filter(([each]) => each.startsWith(`${field}.`))
    .map(([, { flag }]) => flag);
  let length = first.length;
  while (!rest.every((each) => each.startsWith(first.slice(0, length)))) length--;
  return length > "--".length ? `${first.slice(0, length)}…` : null;
}

/** Names of fields that are not English words, and the command line's names for them. */
const bareNames: ReadonlyMap<string, string> = new Map([
  // Both sides have them, and the message says which side it means.
  ...[...byField.values()].flatMap(({ parts }) =>
    Object.entries(parts).map(([name, part]): [string, string] => [name, `the condition ${part}`]),
  ),
  ...[...byField]
    .map(([field, { flag }]): [string, string] => [nameOf(field), flag])
    .filter(([name]) => /[a-z][A-Z]|-/.test(name)),
]);

/** Not within a URL, a path or a longer name. */
const before = String.raw`(?<![\w./%=&?:~-])`;
const after = String.raw`(?![\w/%=&-]|\.[A-Za-z]| of the route)`;

const paths = new RegExp(`${before}options[./]([A-Za-z]+(?:[./][A-Za-z]+)*)${after}`, "g");
/** The conditions of a side, without `options` before them. */
const conditions = new RegExp(
  `${before}((?:source|destination)Conditions)\\.([A-Za-z]+)${after}`,
  "g",
);
const bare = new RegExp(`${before}(${[...bareNames.keys()].join("|")})${after}`, "g");
/** Names that are English words, if a value follows them. */
const words = new RegExp(
  `${before}(${flags.flatMap(({ field }) => /^options\.([a-z]+)$/.exec(field)?.[1] ?? []).join("|")})(?: "[a-z-]+"|(?= is "))`,
  "g",
);

/** Commands in place of the calls of the API. */
const commands: Readonly<Record<string, string>> = {
  "POST /copies/{id}/retry": "ferry retry",
  "POST /copies": "ferry copy",
  "GET /copies": "ferry list",
  "POST /jobs": "ferry job start",
  "GET /jobs": "ferry job list",
};
const calls = new RegExp(
  `\\b(${Object.keys(commands)
    .map((call) => call.replace(/[{}]/g, String.raw`\$&`))
    .join("|")})(?![\\w/])`,
  "g",
);

/** Replaces the names of fields, and calls, in a message of the app by those of the command line. */
export function nameFlags(text: string): string {
  return text
    .replace(calls, (call) => commands[call] ?? call)
    .replace(paths, (whole, path: string) => {
      return namePath(["options", ...path.split(/[./]/)]) ?? `${whole} ${onlyInApi}`;
    })
    .replace(conditions, (whole, side: string, name: string) => {
      return namePath(["options", side, name]) ?? whole;
    })
    .replace(words, (whole, name: string) => {
      return byValue.get(whole) ?? `${namePath(["options", name])}${whole.slice(name.length)}`;
    })
    .replace(bare, (name) => bareNames.get(name) ?? name);
}
