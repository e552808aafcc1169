import { expect, test } from "vitest";
import { maxGlobSize } from "../../../src/copy/routing/glob.ts";
import { onlyStorage } from "../../../src/copy/location/parse-endpoint.ts";
import { epochMs } from "../../../src/copy/time.ts";
import { selectAll } from "../../../src/jobs/contract/job-input.ts";
import { parseJobRequest } from "../../../src/jobs/request/job-request.ts";
import { createSelector, maxStepsAtOnce, selectBlobs } from "../../../src/jobs/request/select.ts";
import { aListedBlob } from "../../support/jobs/records.ts";

/* Goal: selecting does not occupy the process, for any globs of the request and any names in its source. */

const places = {
  source: "https://acct1.blob.core.windows.net/inbox/",
  destination: "https://acct1.blob.core.windows.net/archive/",
};

/** The problems of a request with this `select`. */
function problemsOf(select: object) {
  const parsed = parseJobRequest({ ...places, select }, onlyStorage);
  return parsed.ok ? [] : parsed.problems.map(({ pointer, message }) => `${pointer} ${message}`);
}

const written = "characters with each alternative of {a,b} written out; at most 4096 are allowed";
/** The glob of 990 characters with the most alternatives and wildcards. */
const hostile = `${"{,*a}".repeat(6)}${"**a".repeat(320)}`;

test("globs that are too long in total are rejected with the limit and the parts that count", () => {
  expect(problemsOf({ include: [hostile] })).toEqual([`/select/include/0 has 61888 ${written}`]);
  const some = (count: number) => Array.from({ length: count }, () => "**a".repeat(30).slice(1));
  expect(problemsOf({ include: some(30), exclude: some(16) })).toEqual([
    `/select has globs of 4140 ${written}`,
  ]);
  expect(problemsOf({ include: some(30), exclude: some(15) })).toEqual([]);
});

test("every glob that usual requests have is accepted, fifty at a time", () => {
  const include = Array.from({ length: 50 }, (_, at) => `**/films-${at}/**/*.{mp4,mov,avi,mkv}`);
  expect(problemsOf({ include: include.slice(0, 25) })).toEqual([]);
  const short = Array.from({ length: 50 }, (_, at) => `**/*.${at}`);
  expect(problemsOf({ include: short, exclude: short })).toEqual([]);
});

test("a URL or a SAS in a glob is rejected by its place in the request, and not quoted", () => {
  const url = `${places.source}a?sv=2026-02-06&sp=r&sig=top-secret`;
  const problems = problemsOf({
    include: ["*", url],
    exclude: ["a?sig=top-secret", places.source],
  });
  expect(problems).toEqual([
    "/select/include/1 contains a SAS, and a glob is a pattern for names; remove it",
    "/select/exclude/0 contains a SAS, and a glob is a pattern for names; remove it",
    "/select/exclude/1 is a URL, and a glob is a pattern for names; remove it",
  ]);
});

test("half of a character in a glob is rejected with its place in the request, and a whole character is accepted", () => {
  const half = (code: string) =>
    `has the character ${code}, an unpaired surrogate; remove it, because no name in Storage contains it`;
  expect(problemsOf({ include: ["*", "\ud83c*"], exclude: ["{a,b\udfac}"] })).toEqual([
    `/select/include/1 ${half("U+D83C")}`,
    `/select/exclude/0 ${half("U+DFAC")}`,
  ]);
  expect(problemsOf({ include: ["{🎬,🎥}/**"], exclude: ["😀*"] })).toEqual([]);
});

/** The costliest selector that a request can have. */
const costly = createSelector({
  ...selectAll,
  include: [`${"*a".repeat(500)}b`, "**a".repeat(340), `${"*?".repeat(500)}/`].map((text) =>
    text.slice(0, 1_020),
  ),
  exclude: ["?*a".repeat(300)],
});
const blobs = Array.from({ length: 60 }, (_, at) =>
  aListedBlob(`in/${"a".repeat(1_000)}${String(at).padStart(4, "0")}`),
);
const stepsOfName = 1_004 * costly.stepsPerCharacter;

test("the costliest globs take at most one step for 32 of their characters and each character of a name", () => {
  expect(costly.stepsPerCharacter).toBeGreaterThan(100);
  expect(costly.stepsPerCharacter).toBeLessThanOrEqual(maxGlobSize / 32 + 2);
});

test("the process does other work after each million steps of a selection", async () => {
  let pauses = 0;
  const pause = async () => {
    pauses++;
    return true;
  };
  const some = await selectBlobs(costly, blobs, { prefix: "in/", pause });
  expect(some).toEqual({ selected: [], leftOut: 60 });
  const namesAtOnce = Math.floor(maxStepsAtOnce / stepsOfName);
  expect(pauses).toBe(Math.floor(60 / (namesAtOnce + 1)));
  expect(pauses).toBeGreaterThan(1);
});

test("a selection stops at a pause when the run's time is over", async () => {
  const asked: number[] = [];
  const pause = async () => asked.push(1) < 2;
  expect(await selectBlobs(costly, blobs, { prefix: "in/", pause })).toBeNull();
  expect(asked).toHaveLength(2);
});

test("usual globs do not pause a page of 5,000 names", async () => {
  const page = Array.from({ length: 5_000 }, (_, at) => aListedBlob(`in/2026/film-${at}.mp4`));
  const selector = createSelector({
    ...selectAll,
    include: ["**/*.{mp4,mov}"],
    exclude: ["**/x/**"],
  });
  const pause = () => Promise.reject(new Error("paused"));
  const some = await selectBlobs(selector, page, { prefix: "in/", pause });
  expect(some?.selected).toHaveLength(5_000);
  expect(some?.selected[7]?.[0]).toBe("2026/film-7.mp4");
});

test("the blob of the source's folder itself is left out", async () => {
  const selector = createSelector(selectAll);
  const listed = [aListedBlob("in/"), aListedBlob("in/a", { lastModified: epochMs(5) })];
  const some = await selectBlobs(selector, listed, { prefix: "in/", pause: async () => true });
  expect(some).toMatchObject({ leftOut: 1, selected: [["a", { name: "in/a" }]] });
});
