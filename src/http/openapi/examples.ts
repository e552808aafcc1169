import { optionsOff } from "../../copy/request/copy-options.ts";

/*
 * The examples of the document. Tests send each request, and compare each response with its schema. Examples of
 * responses show the same copy in different states.
 */

const account = "https://acct1.blob.core.windows.net";
const archive = "https://acct2.blob.core.windows.net/archive";
const id = "01a1fb9f-20ed-74d5-ab99-256a8184e096";

export const requestExamples = {
  simple: {
    source: `${account}/inbox/film.mp4`,
    destination: `${archive}/film.mp4`,
  },
  options: {
    source: `${account}/inbox/film.mp4`,
    destination: `${archive}/film.mp4`,
    options: {
      overwrite: "if-newer",
      ifBusy: "wait",
      tier: "Cool",
      metadata: { project: "x" },
      tags: { team: "video" },
      sourceConditions: { ifUnmodifiedSince: "2027-01-01T00:00:00Z" },
    },
  },
  route: { source: `${account}/inbox/film.mp4`, route: "films" },
  dryRun: {
    source: `${account}/inbox/film.mp4`,
    destination: `${archive}/film.mp4`,
    options: { overwrite: "always", rollback: "snapshot", tags: "source" },
    dryRun: true,
  },
} as const;

const self = `/api/copies/${id}`;
const links = {
  self,
  abort: `${self}/abort`,
  retry: `${self}/retry`,
  timeline: `${self}/timeline`,
};

export const copyExample = {
  id,
  status: "copying",
  retryOf: null,
  source: `${account}/inbox/film.mp4`,
  destination: `${archive}/film.mp4`,
  copyId: "bd5eecf3-5b1d-4d53-a0fb-d35011ed4549",
  copyStatus: "pending",
  abortRequested: false,
  progress: {
    bytesCopied: 8_581_545,
    totalBytes: 200_000_000,
    percent: 4.2,
    bytesPerSecond: 8_388_607,
    estimatedCompletion: "2026-11-21T01:01:36.218Z",
    readAt: "2026-11-21T01:01:13.400Z",
  },
  statusReads: 2,
  nextReadAt: "2026-11-21T01:01:27.091Z",
  warning: null,
  createdAt: "2026-11-21T01:01:12.301Z",
  startedAt: "2026-11-21T01:01:12.382Z",
  completedAt: null,
  copyCompletedAt: null,
  lastUpdatedAt: "2026-11-21T01:01:13.400Z",
  error: null,
  reason: null,
  residue: [],
  links,
};

export const abortedCopy = {
  ...copyExample,
  status: "aborted",
  copyStatus: "aborted",
  abortRequested: true,
  nextReadAt: null,
  completedAt: "2026-11-21T01:01:20.000Z",
  copyCompletedAt: "2026-11-21T01:01:20.000Z",
  lastUpdatedAt: "2026-11-21T01:01:20.512Z",
};

export const listExample = {
  items: [
    {
      id,
      status: "failed",
      source: copyExample.source,
      destination: copyExample.destination,
      createdAt: copyExample.createdAt,
      completedAt: "2026-11-21T01:01:12.905Z",
      cause: "destination-exists",
      bytes: null,
      progress: null,
      links,
    },
  ],
  nextCursor: null,
};

export const timelineExample = {
  id,
  source: "history",
  entries: [
    { at: "2026-11-21T01:01:12.301Z", step: "requested", until: null, byRepair: false },
    {
      at: "2026-11-21T01:01:12.340Z",
      step: "start",
      until: "2026-11-21T01:01:12.391Z",
      byRepair: false,
    },
    {
      at: "2026-11-21T01:01:12.391Z",
      step: "wait",
      until: "2026-11-21T01:01:13.391Z",
      byRepair: false,
    },
  ],
  links: { copy: self },
};

export const dryRunExample = {
  dryRun: true,
  source: copyExample.source,
  destination: copyExample.destination,
  route: null,
  options: optionsOff,
  reads: [
    {
      operation: "Get Blob Properties",
      url: copyExample.source,
      authorization: "minted-sas",
      when: null,
    },
  ],
  writes: [
    {
      operation: "Copy Blob",
      url: copyExample.destination,
      authorization: "app-identity",
      when: null,
    },
  ],
  mints: [{ url: copyExample.source, permissions: "r", validDays: 7 }],
  conditions: ["The destination does not exist; otherwise the copy fails with destination-exists"],
  notCarried: [{ what: "index tags", option: "tags" }],
};

/** An example of a problem. */
export function problemExample(type: string, status: number, title: string): object {
  return {
    type: `urn:ferry:problem:${type}`,
    title,
    status,
    detail: title,
    fix: "Correct it, and try again",
  };
}
