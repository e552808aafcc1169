import * as fc from "fast-check";
import type { RouteEntry } from "./safe-routes.ts";

/** Few places and short names, so that routes often overlap. */
const places = fc
  .constantFrom("acct1", "acct2")
  .chain((account) => fc.constantFrom("xxx", "yyy").map((container) => ({ account, container })));
const starts = fc.constantFrom("", "a", "a/", "b/", "a/b/", "2026/");
const entryShape = fc.record({
  from: places,
  to: places,
  prefix: starts,
  suffix: fc.constantFrom("", "", "a", ".b"),
  glob: fc.constantFrom(undefined, undefined, "**/*a", "a/*", "*", "{a,b}/**"),
  text: starts,
  end: fc.constantFrom(
    ..."{path} {name} {stem} {ext}/{name} {year}/{name} x {stem}.{ext} {name}a {container}{path}".split(
      " ",
    ),
  ),
});

/** Routes between the two accounts; `blob` returns a URL in one of them. */
export function randomRoutes(
  blob: (account: string, path: string) => string,
): fc.Arbitrary<RouteEntry[]> {
  return fc.array(entryShape, { minLength: 1, maxLength: 4 }).map((shapes) =>
    shapes.map(({ from, to, prefix, suffix, glob, text, end }, index): RouteEntry => ({
      name: `r${index}`,
      source: blob(from.account, from.container),
      prefix,
      suffix,
      ...(glob === undefined ? {} : { glob }),
      destination: blob(to.account, `${to.container}/${text}${end}`),
    })),
  );
}

/** Names that such routes often match. */
export const randomNames = [
  "a",
  "b",
  "a/a",
  "a/b/a",
  "b/a.b",
  "2026/a",
  "a.b",
  "x",
  ".b",
  "b/2026/a/b/a",
];
