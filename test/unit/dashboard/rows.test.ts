import { expect, test } from "vitest";
import type { Copy, CopySummary } from "../../../src/client/ferry.ts";
import { noFilter } from "../../../src/dashboard/page/state/listing.ts";
import {
  hiddenIds,
  noteRetry,
  rowOfCopy,
  updateRow,
} from "../../../src/dashboard/page/state/rows.ts";

const now = Date.UTC(2026, 10, 20, 12);

function item(id: string, status: CopySummary["status"]): CopySummary {
  return {
    id,
    status,
    source: `https://acct1/inbox/${id}.mp4`,
    destination: `https://acct2/archive/${id}.mp4`,
    createdAt: new Date(now).toISOString(),
    completedAt: status === "failed" ? new Date(now).toISOString() : null,
    cause: null,
    bytes: null,
    progress: null,
    links: { self: "", abort: "", retry: "", timeline: "" },
  };
}

const items = [
  item("1", "copying"),
  item("2", "failed"),
  item("3", "queued"),
  item("4", "aborting"),
];
const rows = new Map(items.map((each) => [each.id, updateRow(undefined, each, now)]));

test("a filter that can hide running copies names the newest of them", () => {
  const filters = [
    { ...noFilter, status: "failed" as const },
    { ...noFilter, source: "https://acct1/" },
    { ...noFilter, status: "running" as const, destination: "https://acct2/" },
  ];
  for (const filter of filters) {
    expect(hiddenIds(rows, filter, 10)).toEqual(["4", "3", "1"]);
    expect(hiddenIds(rows, filter, 2)).toEqual(["4", "3"]);
  }
});

test("a filter that hides no running copy names none", () => {
  expect(hiddenIds(rows, noFilter, 10)).toEqual([]);
  expect(hiddenIds(rows, { ...noFilter, status: "running" }, 10)).toEqual([]);
});

const polled = (secondsAgo: number, bytesCopied: number): CopySummary => ({
  ...item("1", "copying"),
  bytes: bytesCopied,
  progress: {
    bytesCopied,
    totalBytes: 1_000,
    percent: bytesCopied / 10,
    bytesPerSecond: null,
    estimatedCompletion: null,
    readAt: new Date(now - secondsAgo * 1_000).toISOString(),
  },
});

test("a list that was read before Ferry's latest poll does not take the copy back", () => {
  const known = updateRow(undefined, polled(10, 500), now);
  expect(updateRow(known, polled(20, 400), now + 1)).toBe(known);
  expect(updateRow(known, polled(5, 600), now + 1).item.bytes).toBe(600);
  const queued = { ...item("1", "queued"), progress: null };
  expect(updateRow(known, queued, now + 1).item.status).toBe("queued");
});

const copyOf = (id: string, retryOf: string | null): Copy => ({
  ...item(id, "copying"),
  retryOf,
  copyId: null,
  copyStatus: null,
  abortRequested: false,
  statusReads: 0,
  nextReadAt: null,
  warning: null,
  startedAt: null,
  copyCompletedAt: null,
  lastUpdatedAt: new Date(now).toISOString(),
  error: null,
  reason: null,
  residue: [],
});

test("a whole copy that was read before the copy ended changes nothing", () => {
  const ended = updateRow(undefined, item("2", "failed"), now);
  expect(rowOfCopy(ended, copyOf("2", null), now + 1)).toBe(ended);
});

test("a copy that was retried leads to each of its retries", () => {
  const none = noteRetry(new Map(), copyOf("1", null));
  expect(none.size).toBe(0);
  const once = noteRetry(none, copyOf("3", "2"));
  expect([...once]).toEqual([["2", ["3"]]]);
  expect(noteRetry(once, copyOf("3", "2"))).toBe(once);
  expect(noteRetry(once, copyOf("4", "2")).get("2")).toEqual(["3", "4"]);
  expect(once.get("2")).toEqual(["3"]);
});
