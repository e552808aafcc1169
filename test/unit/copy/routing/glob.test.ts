import * as fc from "fast-check";
import { expect, test } from "vitest";
import { literalStart, matches, parseGlob } from "../../../../src/copy/routing/glob.ts";

function glob(text: string) {
  const parsed = parseGlob(text);
  if (!parsed.ok) throw new Error(`${text} ${parsed.problem}`);
  return parsed.glob;
}

test.each<[pattern: string, hits: string[], misses: string[]]>([
  ["*.mp4", ["a.mp4", ".mp4"], ["a/b.mp4", "a.mp4x", "a.MP4"]],
  ["**/*.mp4", ["a.mp4", "a/b.mp4", "a/b/c.mp4", "/a.mp4"], ["a.mov", "mp4"]],
  ["in/**", ["in/", "in/a", "in/a/b"], ["in", "other/in/a"]],
  ["in/**/raw/*", ["in/raw/a", "in/x/raw/a", "in/x/y/raw/a"], ["in/xraw/a", "in/raw/a/b"]],
  ["film-?.mp4", ["film-1.mp4", "film-é.mp4", "film-😀.mp4"], ["film-.mp4", "film-/.mp4"]],
  ["*.{mp4,mov}", ["a.mp4", "b.mov"], ["a.mp", "a.{mp4,mov}"]],
  ["{a,b}/{c,d}*", ["a/c", "b/d9"], ["a/e", "c/c"]],
  ["a**b", ["ab", "a/x/b"], ["a", "b"]],
  ["a.b+(c)", ["a.b+(c)"], ["axb+(c)", "a.bb(c)"]],
])("%s matches exactly the listed names", (pattern, hits, misses) => {
  expect(hits.filter((name) => !matches(glob(pattern), name))).toEqual([]);
  expect(misses.filter((name) => matches(glob(pattern), name))).toEqual([]);
});

test.each(["", "a[bc]", "!a", "a\\*", "{a", "a}", "{a,{b,c}}", "{a,b,c,d}".repeat(4)])(
  "an unsupported pattern is rejected, not misinterpreted: %s",
  (text) => expect(parseGlob(text).ok).toBe(false),
);

const token = fc.constantFrom("**/", "**", "*", "?", "a", "b", "/", "a/", ".");

/** The equivalent regular expression. */
const expressions: Record<string, string> = {
  "**/": "(?:[^]*/)?",
  "*": "[^/]*",
  "?": "[^/]",
  ".": "\\.",
};

test("a glob matches the same names as the equivalent regular expression", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "b", "/", "."), maxLength: 8 });
  fc.assert(
    fc.property(fc.array(token, { minLength: 1, maxLength: 6 }), name, (tokens, text) => {
      const pattern = tokens.join("");
      const expression = pattern.replaceAll(
        /(?<=^|\/)\*\*\/|\*\*+|[*?.]/g,
        (part) => expressions[part] ?? "[^]*",
      );
      const isHit = new RegExp(`^${expression}$`).test(text);
      expect([pattern, text, matches(glob(pattern), text)]).toEqual([pattern, text, isHit]);
    }),
    { numRuns: 5_000 },
  );
});

test("every name that matches starts with the literal prefix", () => {
  expect(literalStart(glob("in/films/*.mp4"))).toBe("in/films/");
  expect(literalStart(glob("in/{a,ab}/*"))).toBe("in/a");
  expect(literalStart(glob("**"))).toBe("");
  const names = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 5 });
  fc.assert(
    fc.property(fc.array(token, { minLength: 1, maxLength: 4 }), names, (tokens, name) => {
      const pattern = glob(tokens.join(""));
      if (matches(pattern, name)) expect(name.startsWith(literalStart(pattern))).toBe(true);
    }),
  );
});

test("a pattern with many stars does not take exponential time", () => {
  expect(matches(glob(`${"*a".repeat(40)}b`), "a".repeat(1_024))).toBe(false);
});
