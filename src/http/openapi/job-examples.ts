/* The examples of jobs. Tests send each request, and compare each response with its schema. */

const source = "https://acct1.blob.core.windows.net/inbox/2026/";
const destination = "https://acct2.blob.core.windows.net/archive/";
const id = "01a1fb9f-20ed-74d5-ab99-256a8184e096";

export const jobRequestExamples = {
  simple: { source, destination },
  selected: {
    source,
    destination,
    select: {
      include: ["**/*.mp4"],
      exclude: ["drafts/**"],
      modifiedFrom: "2026-01-01T00:00:00Z",
      maxSize: 1_000_000_000,
      types: ["BlockBlob"],
    },
    options: { overwrite: "if-newer", tier: "Cool" },
    concurrency: 64,
    maxFailures: 100,
    report: "https://acct1.blob.core.windows.net/reports/",
  },
  dryRun: { source, destination, options: { overwrite: "skip" }, dryRun: true },
} as const;

const self = `/api/jobs/${id}`;
const links = {
  self,
  abort: `${self}/abort`,
  pause: `${self}/pause`,
  resume: `${self}/resume`,
  start: `${self}/start`,
};

export const jobExample = {
  id,
  status: "running",
  source,
  destination,
  select: {
    include: ["**/*.mp4"],
    exclude: [],
    modifiedFrom: null,
    modifiedTo: null,
    minSize: null,
    maxSize: null,
    types: [],
  },
  options: {
    overwrite: "if-newer",
    tier: "Cool",
    rehydratePriority: null,
    metadata: null,
    tags: null,
    sealBlob: false,
    immutabilityPolicy: null,
    legalHold: false,
  },
  concurrency: 32,
  maxFailures: 100,
  report: `https://acct1.blob.core.windows.net/reports/${id}/`,
  objects: {
    planned: 10_000,
    leftOut: 120,
    copied: 6_250,
    pending: 40,
    skipped: 300,
    failed: 1,
    aborted: 0,
    notStarted: 0,
    remaining: 3_409,
  },
  bytes: { planned: 52_428_800_000, copied: 32_768_000_000 },
  rate: { objectsPerSecond: 310.5, bytesPerSecond: 1_627_389_952 },
  estimatedCompletion: "2026-11-21T01:01:51.000Z",
  isPlanned: true,
  failedByCause: { "source-changed": 1 },
  failures: [
    {
      name: "drafts/film.mp4",
      cause: "source-changed",
      message: "Cannot start the copy because the source changed: Storage returned 412",
      fix: "Start the copy again when no client writes to the source any more",
    },
  ],
  notCarried: { tags: 12 },
  throttling: {
    calls: 3,
    lastAt: "2026-11-21T01:01:20.000Z",
    concurrency: 16,
    pausedUntil: null,
  },
  warning: null,
  reason: null,
  error: null,
  createdAt: "2026-11-21T01:01:12.301Z",
  startedAt: "2026-11-21T01:01:12.382Z",
  completedAt: null,
  lastUpdatedAt: "2026-11-21T01:01:40.000Z",
  links,
};

export const abortedJob = {
  ...jobExample,
  status: "aborted",
  objects: { ...jobExample.objects, pending: 0, aborted: 40, notStarted: 3_409, remaining: 0 },
  rate: null,
  estimatedCompletion: null,
  completedAt: "2026-11-21T01:01:45.000Z",
};

export const jobListExample = {
  items: [
    {
      id,
      status: "running",
      source,
      destination,
      createdAt: jobExample.createdAt,
      completedAt: null,
      objects: { planned: 10_000, copied: 6_250, failed: 1 },
      links,
    },
  ],
  nextCursor: null,
};
