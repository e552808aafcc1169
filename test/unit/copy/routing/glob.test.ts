import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createMatcher } from "../../../../src/copy/routing/glob-matcher.ts";
import {
  expandGlob,
  literalStart,
  maxGlobSize,
  parseGlob,
} from "../../../../src/copy/routing/glob.ts";
import type { Glob } from "../../../../src/copy/routing/glob.ts";

function glob(text: string) {
  const parsed = parseGlob(text);
  if (!parsed.ok) throw new Error(`${text} ${parsed.problem}`);
  return parsed.glob;
}

const matches = (one: Glob, name: string) => createMatcher([one]).matches(name);

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
const group = fc
  .array(fc.constantFrom("", "a", "*", "**", "b/", "**/", "?"), { minLength: 1, maxLength: 3 })
  .map((texts) => `{${texts.join(",")}}`);
const patterns = fc
  .array(fc.oneof({ weight: 5, arbitrary: token }, { weight: 1, arbitrary: group }), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join(""))
  .filter((text) => text !== "{}");

/** The equivalent regular expression. */
const expressions: Record<string, string> = {
  "**/": "(?:[^]*/)?",
  "*": "[^/]*",
  "?": "[^/]",
  ".": "\\.",
};

function toExpression(text: string): RegExp {
  const expression = text.replaceAll(
    /(?<=^|\/)\*\*\/|\*\*+|[*?.]/g,
    (part) => expressions[part] ?? "[^]*",
  );
  return new RegExp(`^${expression}$`);
}

test("a glob matches the same names as the equivalent regular expression of one of its alternatives", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "b", "/", "."), maxLength: 8 });
  fc.assert(
    fc.property(patterns, name, (text, wanted) => {
      const isHit = expandGlob(glob(text)).some((each) => toExpression(each).test(wanted));
      expect([text, wanted, matches(glob(text), wanted)]).toEqual([text, wanted, isHit]);
    }),
    { numRuns: 3_000 },
  );
});

test("globs that are compiled together match what one of them matches, also across words of states", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 60 });
  const long = fc
    .array(fc.oneof({ weight: 1, arbitrary: token }, { weight: 4, arbitrary: fc.constant("a") }), {
      minLength: 1,
      maxLength: 50,
    })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.array(long, { minLength: 1, maxLength: 4 }), name, (texts, wanted) => {
      const together = createMatcher(texts.map(glob)).matches(wanted);
      expect(together).toBe(texts.some((text) => toExpression(text).test(wanted)));
    }),
    { numRuns: 3_000 },
  );
});

test("a glob with a run of whole folders longer than a word of states matches from its start to its end", () => {
  for (const length of [28, 29, 30, 31, 32, 60, 61, 62, 63, 64, 65]) {
    const pattern = glob(`${"a".repeat(length)}/**/**/*b`);
    const start = `${"a".repeat(length)}/`;
    const names = ["b", "x/b", "x/y/xb", "x/", "x/y"];
    expect(names.filter((name) => matches(pattern, start + name))).toEqual(["b", "x/b", "x/y/xb"]);
  }
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

test("the literal prefix consists of whole characters, for any alternatives", () => {
  expect(literalStart(glob("{🎬,🎥}/**"))).toBe("");
  expect(literalStart(glob("in/{😀,😁}*.mp4"))).toBe("in/");
  expect(literalStart(glob("{🎬a,🎬b}"))).toBe("🎬");
  const unit = fc.constantFrom("🎬", "🎥", "😀", "a", "/", "*");
  const alternatives = fc.array(fc.string({ unit, maxLength: 4 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(alternatives, fc.string({ unit, maxLength: 4 }), (texts, rest) => {
      const pattern = glob(`{${texts.join(",")}}${rest}*`);
      const start = literalStart(pattern);
      expect(start).not.toMatch(/\p{Surrogate}/u);
      for (const each of expandGlob(pattern)) expect(each.startsWith(start)).toBe(true);
    }),
  );
});

test("a character of a name takes at most one step for 32 characters of all globs, for any globs", () => {
  const hostile = ["*a", "**a", "a*?", "?"].map((part) => part.repeat(300).slice(0, 1_000));
  const globs = hostile.map((text, index) => glob(`${text.slice(1)}${index}`));
  const { stepsPerCharacter, matches: isMatch } = createMatcher(globs);
  expect(globs.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(maxGlobSize);
  expect(stepsPerCharacter).toBeLessThanOrEqual(maxGlobSize / 32);
  expect(isMatch("a".repeat(1_024))).toBe(false);
  expect(createMatcher([glob("*.mp4")]).stepsPerCharacter).toBe(1);
});

test("a glob is rejected before its alternatives are written out if they are too long together", () => {
  const text = `${"{,*a}".repeat(6)}${"**a".repeat(320)}`;
  const parsed = parseGlob(text);
  expect(parsed).toEqual({
    ok: false,
    problem:
      "has 61888 characters with each alternative of {a,b} written out; at most 4096 are allowed",
  });
  expect(parseGlob("a".repeat(maxGlobSize - 1))).toMatchObject({ ok: true });
  expect(parseGlob("a".repeat(maxGlobSize))).toMatchObject({ ok: false });
});

test("the size of a glob is the length of its alternatives, and one for each", () => {
  fc.assert(
    fc.property(patterns, (text) => {
      const all = expandGlob(glob(text));
      expect(glob(text).size).toBe(all.join("").length + all.length);
    }),
  );
});

test.each([
  ["https://acct1.blob.core.windows.net/inbox/a", "is a URL, and"],
  ["https://acct1.blob.core.windows.net/inbox/a?sv=1&sig=secret", "contains a SAS, and"],
  ["a?sv=2026-02-06&sig=secret", "contains a SAS, and"],
  ["*?SIG=secret", "contains a SAS, and"],
  ["a%3Fsv=1%26sig%3Dsecret", "contains a SAS, and"],
])("a pasted URL or SAS is no glob, and is not quoted: %s", (text, problem) => {
  const parsed = parseGlob(text);
  const rest = "a glob is a pattern for names; remove it";
  expect(parsed).toEqual({ ok: false, problem: `${problem} ${rest}` });
});
