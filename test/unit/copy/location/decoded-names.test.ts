import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { withName } from "../../../../src/copy/location/parse-endpoint.ts";
import { hasSignature } from "../../../../src/copy/location/storage-names.ts";
import { anInput } from "../../../support/jobs/records.ts";
import { blobIn } from "../../../../src/jobs/contract/job-input.ts";

/* Names are checked as they are after any number of decodings, in linear time. */

const blob = blobIn(anInput.source, "a");

function problemsOf(name: string): string[] {
  const named = withName(blob, name);
  return named.ok ? [] : named.problems;
}

/** Every reading of a name by a chain of servers that each decode it once. */
function readingsOf(name: string): string[] {
  const next = name.replace(/%([0-9a-f]{2})/gi, (_, code) =>
    String.fromCharCode(Number(`0x${code}`)),
  );
  return next === name ? [name] : [name, ...readingsOf(next)];
}

const pieces = fc.constantFrom(
  ..."% %2 25 2 5 e E 3 0 . / %2e %2F %5c %25 % %3 %73 sig = ; a é 文 😀".split(" "),
);
const names = fc.array(pieces, { minLength: 1, maxLength: 14 }).map((each) => each.join(""));

test("a name is rejected exactly if one of its readings has a dot segment, a dot at an end, or a SAS", () => {
  const seen = { segment: 0, end: 0, signature: 0, none: 0 };
  fc.assert(
    fc.property(names, (name) => {
      const readings = readingsOf(name);
      const parts = readings.flatMap((reading) => reading.split(/[/\\]/));
      const hasSegment = parts.some((part) => /^\.\.?$/.test(part));
      const hasEnd = !hasSegment && parts.some((part) => part.endsWith("."));
      const isSigned = readings.some((reading) => /(^|[^\p{L}\p{N}._-])sig\s*=/iu.test(reading));
      const problems = problemsOf(name).join();
      expect(/has "\." or "\.\."|becomes "\." or "\.\."/.test(problems)).toBe(hasSegment);
      expect(problems.includes('"." at the end of a part')).toBe(hasEnd);
      expect(hasSignature(name)).toBe(isSigned);
      seen[hasSegment ? "segment" : hasEnd ? "end" : isSigned ? "signature" : "none"]++;
    }),
    { numRuns: 5_000 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(10);
});

const scans = ["replace", "replaceAll", "split", "match", "slice"] as const;

/** The number of characters that the string methods in `scans` read during the work. */
function charactersScanned(work: () => void): number {
  const spies = scans.map((method) => vi.spyOn(String.prototype, method));
  try {
    work();
    const texts = spies.flatMap((spy) => spy.mock.contexts);
    return texts.reduce((sum: number, text) => sum + String(text).length, 0);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

test.each([
  ["%2525…", `%${"25".repeat(500)}`],
  ["%3%3…5", `${"%3".repeat(500)}5`],
  ["a/a/…%2525…", `${"a/".repeat(200)}%${"25".repeat(300)}`],
  ["%41%41…", "%41".repeat(300)],
])("a name such as %s is checked without reading it once for each decoding", (_, name) => {
  expect(charactersScanned(() => problemsOf(name))).toBeLessThan(10 * name.length);
  expect(charactersScanned(() => hasSignature(name))).toBeLessThan(10 * name.length);
});

test.each([
  ["%2525…2e", `%${"25".repeat(500)}2e`],
  ["%3%3…%32e", `%${"%3".repeat(400)}2e`],
])("the dot in a name such as %s is found after hundreds of decodings", (_, name) => {
  expect(problemsOf(name)).toEqual([
    'has a part in its blob name that becomes "." or ".." when it is decoded',
  ]);
});
