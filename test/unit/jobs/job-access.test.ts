import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isAllowed, parseAllowedPairs } from "../../../src/copy/request/access-policy.ts";
import { optionsOff } from "../../../src/copy/request/copy-options.ts";
import { checkAccess } from "../../../src/copy/routing/copy-access.ts";
import type { AccessPolicy } from "../../../src/copy/routing/copy-access.ts";
import { onlyStorage } from "../../../src/copy/location/parse-endpoint.ts";
import { parseRoutes } from "../../../src/copy/routing/routes.ts";
import { epochMs } from "../../../src/copy/time.ts";
import { blobIn, placeUrl } from "../../../src/jobs/contract/job-input.ts";
import type { JobPlace } from "../../../src/jobs/contract/job-input.ts";
import { checkJobAccess } from "../../../src/jobs/request/job-access.ts";
import { pickOptions } from "../../../src/jobs/request/job-request.ts";
import { parsePlace } from "../../../src/jobs/request/places.ts";

/* Goal: a job is allowed if and only if each of its copies would be allowed, for any blobs in its source. */

const acct = "https://acct1.blob.core.windows.net";
const own = { account: "own", contentShare: null, named: [] };

type Pair = { from: string; to: string; allow?: string[] };

/** A policy with these pairs; paths are below the account. */
function policyOf(pairs: Pair[], routes: object[] = []): AccessPolicy {
  const urls = pairs.map((pair) => ({
    ...pair,
    from: `${acct}/${pair.from}`,
    to: `${acct}/${pair.to}`,
  }));
  const parsed = parseAllowedPairs(JSON.stringify(urls), onlyStorage.emulator);
  expect(parsed.problems).toEqual([]);
  const read = parseRoutes(JSON.stringify(routes), onlyStorage);
  expect(read.problems).toEqual([]);
  return {
    allowed: parsed.pairs,
    routes: read.routes,
    origins: onlyStorage,
    own,
    maxLockDays: 3_653,
  };
}

function place(path: string, side: "source" | "destination"): JobPlace {
  const parsed = parsePlace(`${acct}/${path}`, side, onlyStorage);
  if (!parsed.ok) throw new Error(`${path} ${parsed.problems.join(", ")}`);
  return parsed.place;
}

type Job = { source: string; destination: string; report?: string; sealBlob?: boolean };

/** Why the job is not allowed; null if it is. */
function refusalOf(policy: AccessPolicy, job: Job): string | null {
  const options = pickOptions({ ...optionsOff, sealBlob: job.sealBlob ?? false });
  const input = {
    source: place(job.source, "source"),
    destination: place(job.destination, "destination"),
    options,
    report: job.report === undefined ? null : place(job.report, "destination"),
  };
  return checkJobAccess(policy, input, epochMs(0))?.reason ?? null;
}

test.each<[pair: Pair, source: string, destination: string]>([
  [{ from: "inbox/x", to: "archive/x" }, "inbox/", "archive/"],
  [{ from: "inbox", to: "archive/x" }, "inbox/", "archive/"],
  [{ from: "inbox/x", to: "archive" }, "inbox/", "archive/"],
  [{ from: "inbox/a/x", to: "archive" }, "inbox/a", "archive/"],
  [{ from: "inbox/x/x", to: "archive" }, "inbox/x/", "archive/"],
  [{ from: "inbox/report", to: "archive" }, "inbox/", "archive/"],
  [{ from: "inbox/a.txt", to: "archive/a.txt" }, "inbox/", "archive/"],
])("the pair %j does not allow a job from %s to %s", (pair, source, destination) => {
  const [from, to] = [placeUrl(place(source, "source")), placeUrl(place(destination, "source"))];
  expect(refusalOf(policyOf([pair]), { source, destination })).toBe(
    `no pair in COPY_ALLOWED allows a copy from ${from} to ${to}`,
  );
});

test.each<[pair: Pair, source: string, destination: string]>([
  [{ from: "inbox/x", to: "archive/x" }, "inbox/x", "archive/x"],
  [{ from: "inbox/x/", to: "archive/x/" }, "inbox/x/", "archive/x/"],
  [{ from: "inbox/x", to: "archive" }, "inbox/x/deeper/", "archive/x/"],
  [{ from: "inbox", to: "archive" }, "inbox", "archive"],
  [{ from: "inbox/a.txt", to: "archive" }, "inbox/a.txt/", "archive/"],
])("the pair %j allows a job from %s to %s", (pair, source, destination) => {
  expect(refusalOf(policyOf([pair]), { source, destination })).toBeNull();
});

test("a pair for a folder named x lets no report be written to the folder around it", () => {
  const pairs = [
    { from: "inbox", to: "archive" },
    { from: "inbox", to: "reports/x", allow: ["report"] },
    { from: "inbox/x", to: "logs", allow: ["report"] },
  ];
  const job = { source: "inbox/", destination: "archive/" };
  const needed = /^its report needs a pair in COPY_ALLOWED with "report"/;
  expect(refusalOf(policyOf(pairs), { ...job, report: "reports/" })).toMatch(needed);
  expect(refusalOf(policyOf(pairs), { ...job, report: "logs/" })).toMatch(needed);
  expect(refusalOf(policyOf(pairs), { ...job, report: "reports/x/" })).toBeNull();
});

test("a word of a pair for a folder named x does not hold for a job of the folder around it", () => {
  const pairs = [
    { from: "inbox", to: "archive" },
    { from: "inbox/x", to: "archive/x", allow: ["seal"] },
  ];
  const job = { source: "inbox/", destination: "archive/", sealBlob: true };
  expect(refusalOf(policyOf(pairs), job)).toMatch(
    /^its options are not allowed: options\/sealBlob/,
  );
  const within = { source: "inbox/x/", destination: "archive/x/", sealBlob: true };
  expect(refusalOf(policyOf(pairs), within)).toBeNull();
});

test("a job whose names begin with a slash does not write to the source of a route", () => {
  const route = {
    name: "r",
    source: `${acct}/archive`,
    prefix: "/in/",
    destination: `${acct}/out/{path}`,
  };
  const policy = policyOf([{ from: "inbox", to: "archive" }], [route]);
  expect(refusalOf(policy, { source: "inbox/", destination: "archive//in/" })).toMatch(
    /^its destination overlaps with the source of the route "r"/,
  );
});

const names = ["x", "a", "report", "a.txt", ""];
/** No pair has this name, so what is allowed for it is allowed for all names. */
const unused = "unused";

/** Every name of at most two parts, and one that no pair names. */
const below = [
  unused,
  ...names.filter(Boolean),
  ...names.flatMap((one) => ["x", "a", unused].map((two) => `${one}/${two}`)),
];

const path = (container: string) =>
  fc
    .tuple(fc.array(fc.constantFrom(...names), { maxLength: 2 }), fc.constantFrom("", "/"))
    .map(([parts, end]) => [container, ...parts].join("/").replace(/\/+$/, "") + end);

const pair = fc.record({
  from: path("inbox"),
  to: path("archive"),
  allow: fc.subarray(["report", "seal"]),
});

test("a job is allowed if and only if a single copy of every name in its source is", () => {
  const jobs = fc.record({
    source: path("inbox"),
    destination: path("archive"),
    sealBlob: fc.boolean(),
  });
  let allowed = 0;
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 3 }), jobs, (pairs, job) => {
      const policy = policyOf(pairs);
      const source = place(job.source, "source");
      const destination = place(job.destination, "destination");
      const options = { ...optionsOff, sealBlob: job.sealBlob };
      const areAllowed = below.every((name) => {
        const copy = {
          source: blobIn(source, `${source.prefix}${name}`),
          destination: blobIn(destination, `${destination.prefix}${name}`),
        };
        return checkAccess(policy, { ...copy, options, route: null }, epochMs(0)) === null;
      });
      if (areAllowed) allowed++;
      expect(refusalOf(policy, job) === null).toBe(areAllowed);
    }),
    { numRuns: 2_000 },
  );
  expect(allowed).toBeGreaterThan(100);
});

test("a report is allowed if and only if pairs with its word allow every name that it can have", () => {
  fc.assert(
    fc.property(
      fc.array(pair, { maxLength: 3 }),
      path("inbox"),
      path("archive"),
      (pairs, ...job) => {
        const policy = policyOf([...pairs, { from: "inbox", to: "target" }]);
        const [source, report] = [place(job[0], "source"), place(job[1], "destination")];
        const granting = policy.allowed.filter(({ allow }) => allow.includes("report"));
        const areAllowed = below.every((name) =>
          below.every((other) =>
            isAllowed(granting, {
              source: blobIn(source, `${source.prefix}${name}`),
              destination: blobIn(report, `${report.prefix}${other}`),
            }),
          ),
        );
        const refusal = refusalOf(policy, {
          source: job[0],
          destination: "target",
          report: job[1],
        });
        expect(refusal === null).toBe(areAllowed);
      },
    ),
    { numRuns: 1_000 },
  );
});
