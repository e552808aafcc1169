import { HttpRequest } from "@azure/functions";
import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { expect, test } from "vitest";
import { toInstanceId } from "../../../src/copy/contract/ids.ts";
import { epochMs, plusMs, toIso } from "../../../src/copy/time.ts";
import { endpointUrl } from "../../../src/copy/location/endpoint.ts";
import type { CopyItem } from "../../../src/instances/copy-item.ts";
import { newInstanceId } from "../../../src/ledger/instance-id.ts";
import type { Ledger, Records } from "../../../src/ledger/ledger.ts";
import { newRecord, withOutcome } from "../../../src/ledger/record.ts";
import type { ListedCopy } from "../../../src/ledger/record.ts";
import { listCopies } from "../../../src/triggers/http/list-copies.ts";
import { readPrincipal } from "../../../src/triggers/http/principals.ts";
import { startStorage } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

/* GET /copies: the cost of a page, and the copies that each caller sees. */

type Wanted = {
  status?: "succeeded" | "failed" | "running";
  owner?: string;
  path?: string;
  /** Whether Durable has an instance of the running copy. */
  isKnown?: boolean;
};

const ops = "99999999-ops";

/** A ledger with copies, one a second, the first one the oldest. `sameMs`: all of them in one ms. */
async function ledgerOf(copies: readonly Wanted[], { areTrusted = false, sameMs = false } = {}) {
  const storage = await startStorage();
  const { ledger } = createSteps(storage);
  const durable = new Map<string, object>();
  const ids: string[] = [];
  const first = storage.clock.now();
  const at = storage.service.getContainerClient("inbox").getBlobClient("x").url;
  const { copy: running } = createCopyInput(storage, { source: at, destination: `${at}2` });
  const createOne = async (
    { status = "succeeded", owner, path = "x", isKnown }: Wanted,
    index: number,
  ) => {
    const now = plusMs(epochMs(first), sameMs ? 0 : index * 1_000);
    const instanceId = newInstanceId(now);
    ids[index] = instanceId;
    const place = { service: "blob", origin: "https://a.blob.core.windows.net", account: "a" };
    const source = { ...place, container: "in", path, selector: null, layout: "host" } as never;
    const destination = { ...place, container: "out", path, layout: "host" } as never;
    const isRunning = status === "running";
    const places = isRunning ? running : { source, destination };
    const copy = {
      ...places,
      createdAt: toIso(now),
      ...(owner === undefined ? {} : { owner }),
    };
    const record = newRecord({ owner, ...copy });
    const progress = { bytesCopied: index, totalBytes: index };
    const failure = { cause: "source-changed" };
    const outcome = { status, completedAt: toIso(now), progress, failure } as never;
    await ledger.records.write(instanceId, isRunning ? record : withOutcome(record, outcome), null);
    if (isRunning && isKnown !== false) durable.set(instanceId, copy);
  };
  // Ids of one ms sort by their creation.
  for (let at = 0; at < copies.length; at += 50) {
    await Promise.all(copies.slice(at, at + 50).map((copy, index) => createOne(copy, at + index)));
  }
  let hubReads = 0;
  const client = {
    async getStatus(id: string) {
      hubReads++;
      const copy = durable.get(id);
      if (copy === undefined) throw new Error("replied with HTTP 404");
      return {
        name: "copyOrchestration",
        runtimeStatus: "Running",
        input: copy,
        lastUpdatedTime: first,
      };
    },
  } as unknown as DurableClient; // the list calls nothing else
  const principals = { areTrusted, operators: [`aad/${ops}`] };
  const handler = listCopies({ ledger, principals, now: () => epochMs(storage.clock.now()) });
  const countCalls = () =>
    storage.emulator.requests.filter(({ operation }) => operation === "ListBlobs").length;
  const get = async (query: string, headers: Record<string, string> = {}) => {
    const url = `https://app.example/api/copies?${query}`;
    const [calls, reads] = [countCalls(), hubReads];
    const request = new HttpRequest({ method: "GET", url, headers });
    const response = await handler(request, client, {} as InvocationContext);
    expect(response.status ?? 200).toBe(200);
    const { items, nextCursor } = response.jsonBody as {
      items: CopyItem[];
      nextCursor: string | null;
    };
    return { items, nextCursor, calls: countCalls() - calls, hubReads: hubReads - reads };
  };
  /** Every page of a list. */
  const all = async (query: string, headers: Record<string, string> = {}) => {
    const pages: Awaited<ReturnType<typeof get>>[] = [];
    for (
      let cursor: string | null = "";
      cursor !== null;
      cursor = pages.at(-1)?.nextCursor ?? null
    ) {
      expect(pages.length).toBeLessThan(100);
      pages.push(await get(cursor === "" ? query : `${query}&cursor=${cursor}`, headers));
    }
    return pages;
  };
  const forget = (id = "") => ledger.records.forget(toInstanceId(id), epochMs(storage.clock.now()));
  return { ids, get, all, forget };
}

const many = (count: number, wanted: Wanted = {}) => Array.from({ length: count }, () => wanted);
const signedIn = (id: string) => ({
  "x-ms-client-principal-id": id,
  "x-ms-client-principal-idp": "aad",
});
const idsOf = (pages: { items: CopyItem[] }[]) =>
  pages.flatMap(({ items }) => items.map(({ id }) => id));

test("a page without filters costs one listing call, and no read of a copy that has ended", async () => {
  const { ids, all } = await ledgerOf(many(120));
  const pages = await all("limit=50");
  expect(pages.map(({ items, calls, hubReads }) => [items.length, calls, hubReads])).toEqual([
    [50, 1, 0],
    [50, 1, 0],
    [20, 1, 0],
  ]);
  expect(idsOf(pages)).toEqual(ids.toReversed());
});

test("a deleted copy takes no place on a page and costs no read", async () => {
  const { ids, all, forget } = await ledgerOf(many(6));
  await forget(ids[1]);
  await forget(ids[4]);
  const pages = await all("limit=2");
  expect(pages.map(({ items, hubReads }) => [items.length, hubReads])).toEqual([
    [2, 0],
    [2, 0],
  ]);
  expect(idsOf(pages)).toEqual([ids[5], ids[3], ids[2], ids[0]]);
});

test("a page that ends with the last copy has no next page", async () => {
  const { all } = await ledgerOf(many(10));
  expect((await all("limit=5")).map(({ items }) => items.length)).toEqual([5, 5]);
  expect((await all("status=succeeded&limit=5")).map(({ items }) => items.length)).toEqual([5, 5]);
});

test("a running copy costs one read of the hub", async () => {
  const { get } = await ledgerOf([...many(3), ...many(4, { status: "running" })]);
  const { items, hubReads } = await get("status=running");
  expect(items.map(({ status }) => status)).toEqual(["queued", "queued", "queued", "queued"]);
  expect(hubReads).toBe(4);
});

test("a copy without an instance and without a lock is not listed", async () => {
  const { get } = await ledgerOf([{ status: "running", isKnown: false }, {}]);
  const { items, nextCursor } = await get("");
  expect(items).toHaveLength(1);
  expect(nextCursor).toBeNull();
});

test("a rare status costs at most five listing calls per page; pages may be empty, and the list ends", async () => {
  const copies = many(4_500).with(3, { status: "failed" }).with(4_400, { status: "failed" });
  const { ids, all } = await ledgerOf(copies);
  const pages = await all("status=failed");
  expect(pages.map(({ items, calls }) => [items.length, calls])).toEqual([
    [1, 5],
    [1, 2],
  ]);
  expect(idsOf(pages)).toEqual([ids[4_400], ids[3]]);
  const none = await all("source=https://other.blob.core.windows.net/");
  expect(none.map(({ items, calls }) => [items.length, calls])).toEqual([
    [0, 5],
    [0, 2],
  ]);
}, 60_000);

test("a URL of any length is listed completely, and a filter finds it", async () => {
  const path = "ü".repeat(900);
  const { get } = await ledgerOf([{ path }, {}]);
  const url = endpointUrl({
    service: "blob",
    origin: "https://a.blob.core.windows.net",
    account: "a",
    container: "in",
    path,
    selector: null,
    layout: "host",
  } as never);
  expect(url.length).toBeGreaterThan(4_000);
  const { items } = await get(`source=${encodeURIComponent(url.slice(0, 2_048))}`);
  expect(items.map(({ source }) => source)).toEqual([url]);
});

test.each([false, true])(
  "a caller lists only its own copies, and an operator lists all (all in one ms: %s)",
  async (sameMs) => {
    const ownerOf = (id: string) => {
      const url = "https://app.example/api/copies";
      const request = new HttpRequest({ method: "GET", url, headers: signedIn(id) });
      return readPrincipal(request, { areTrusted: true, operators: [] }) ?? "";
    };
    const owners = [{ owner: ownerOf("alice") }, { owner: ownerOf("bob") }, {}, { owner: "event" }];
    const copies = Array.from({ length: 40 }, (_, index): Wanted => owners[index % 4] ?? {});
    const { ids, all } = await ledgerOf(copies, { areTrusted: true, sameMs });
    const mine = (at: number) => ids.filter((_, index) => index % 4 === at).toSorted();
    expect(idsOf(await all("limit=3", signedIn("alice"))).toSorted()).toEqual(mine(0));
    expect(idsOf(await all("limit=3", signedIn("bob"))).toSorted()).toEqual(mine(1));
    expect(idsOf(await all("limit=3")).toSorted()).toEqual(mine(2)); // not signed in
    expect(idsOf(await all("limit=3", signedIn(ops))).toSorted()).toEqual(ids.toSorted());
    expect(idsOf(await all("", signedIn("carol")))).toEqual([]);
  },
);

/** A list over 10,000 ended copies of one caller, without Storage; each call of List Blobs takes `callMs`. */
function tenThousand({ callMs = 0 } = {}) {
  let now = 0;
  let calls = 0;
  const copies = Array.from({ length: 10_000 }, (_, index): ListedCopy => {
    const time = `79222/${(0xfe00_0000_0000 + index).toString(16)}-`;
    const instanceId = toInstanceId(`01a1f5d4-c3b2-7000-8000-${String(index).padStart(12, "0")}`);
    const position = `${time}${instanceId}`;
    const ended = { status: "succeeded", completedAt: "2026-03-01T12:00:00.000Z" } as const;
    const place = { source: "https://a/in/x", destination: "https://a/out/x" };
    const rest = { createdAt: ended.completedAt, cause: null, bytes: 1, owner: "a".repeat(64) };
    const isDeleted = false;
    return { instanceId, isDeleted, position, time, ...ended, ...place, ...rest };
  });
  const records: Pick<Records, "list"> = {
    async list({ marker, limit, startFrom }) {
      now += callMs;
      calls++;
      const from = marker ?? startFrom ?? "";
      const rest = copies.filter(({ position }) => position >= from);
      return { copies: rest.slice(0, limit), marker: rest[limit]?.position ?? null };
    },
  };
  const ledger = { records } as Ledger; // the list of ended copies calls nothing else
  const principals = { areTrusted: true, operators: [] };
  const handler = listCopies({ ledger, principals, now: () => epochMs(now) });
  return async (cursor: string) => {
    calls = 0;
    const query = cursor === "" ? "" : `?cursor=${cursor}`;
    const url = `https://app.example/api/copies${query}`;
    const request = new HttpRequest({ method: "GET", url, headers: signedIn("bob") });
    const response = await handler(request, {} as DurableClient, {} as InvocationContext);
    const page = response.jsonBody as { items: CopyItem[]; nextCursor: string | null };
    expect(page.items).toEqual([]);
    return { nextCursor: page.nextCursor, calls };
  };
}

test("a cursor never shows the id of another caller's copy", async () => {
  const get = tenThousand();
  const cursors: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    ({ nextCursor: cursor } = await get(cursor));
    if (cursor !== null) cursors.push(Buffer.from(cursor, "base64url").toString());
  }
  expect(cursors).toHaveLength(2);
  for (const cursor of cursors) expect(cursor).toMatch(/^[0-9a-f]{16} 79222\/[0-9a-f]{12}-$/);
});

test("a page ends early if Storage is slow, and the next one continues there", async () => {
  const get = tenThousand({ callMs: 2_000 });
  let pages = 0;
  for (let cursor: string | null = ""; cursor !== null; pages++) {
    const page = await get(cursor);
    expect(page.calls).toBeLessThanOrEqual(2);
    cursor = page.nextCursor;
  }
  expect(pages).toBeGreaterThan(5);
});
