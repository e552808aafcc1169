import { expect, test } from "vitest";
import type { CopySummary } from "../../../src/client/ferry.ts";
import { noFilter } from "../../../src/dashboard/page/state/listing.ts";
import { hiddenIds, updateRow } from "../../../src/dashboard/page/state/rows.ts";

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
