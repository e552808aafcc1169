import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sized } from "../../support/campaign-size.ts";
import { manage, readRecord } from "../../support/stack/ledger-blobs.ts";
import { hour, openStack, secondAccount } from "../../support/stack/test-stack.ts";
import type { ApiResponse, TestStack } from "../../support/stack/test-stack.ts";

/*
 * Random sequences of calls with few Idempotency-Keys, while copies are deleted and purged, SAS expire, days and the
 * retention pass, and the settings change. A small model knows which copy each key has.
 *
 * - The same key with the same request never gets two different copies while it is kept.
 * - A call that is repeated never fails while its copy exists.
 * - No response shows other URLs than the copy's record.
 */

const place = (path: string) => `http://127.0.0.1:10000/devstoreaccount1/${path}`;
const retentionDays = 3;
const day = 24 * hour;

const requests = ["plain", "other", "routed", "sas"] as const;
const keys = ["a", "b"] as const;
const at = fc.nat({ max: 9 });
const key = fc.constantFrom(...keys);

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("post" as const),
      key,
      request: fc.constantFrom(...requests),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("retry" as const), key, at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("purge" as const), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("abort" as const), at }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      hours: fc.constantFrom(1, 13, 26, 120),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("dry run" as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("settings" as const), strict: fc.boolean() }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** The state of a key: the request that used it, its copy, and when that copy ended or was deleted. */
type Kept = { request: string; id: string; deleted: boolean; since: number };

const loose = JSON.stringify([
  { from: place(""), to: place("") },
  { from: place("").replace("1/", "2/"), to: place("") },
]);
const routes = ["archive/{year}/{month}/{day}/{name}", "archive/new/{day}/{name}"].map(
  (to, index) =>
    JSON.stringify([
      {
        name: "films",
        source: place("inbox"),
        destination: place(to),
        options: { tier: ["Hot", "Cool"][index] },
      },
    ]),
);

/** Returns how many copies were started. */
async function play(stack: TestStack, settings: Record<string, string>, steps: readonly Step[]) {
  const model = new Map<string, Kept>();
  const ids: string[] = [];
  const source = await stack.upload("inbox/film.mp4", "film");
  const secret = await stack.upload("inbox/film.mp4", "film", secondAccount);
  const bodies = {
    plain: { source: source.url, destination: stack.blob("archive/plain").url },
    other: { source: source.url, destination: stack.blob("archive/other").url },
    routed: { source: source.url, route: "films", options: { tags: { a: "b" } } },
    sas: { source: "", destination: stack.blob("archive/sas").url },
  };
  const bodyOf = async (name: keyof typeof bodies) => {
    const body = { options: { overwrite: "always" }, ...bodies[name] };
    return name === "sas" ? { ...body, source: await stack.readSas(secret) } : body;
  };
  const mayBePurged = ({ since }: Kept) => stack.clock.now() - since > (retentionDays - 1) * day;

  const checkKeyed = async (name: string, request: string, response: ApiResponse) => {
    const kept = model.get(name);
    const isStarted = response.status === 200 || response.status === 202;
    const what = `${name} ${request}: ${response.status} ${response.text}`;
    if (kept !== undefined && !mayBePurged(kept)) {
      if (kept.request !== request || kept.deleted) expect(isStarted, what).toBe(false);
      else expect(response, what).toMatchObject({ status: 200, json: { id: kept.id } });
    } else if (isStarted && response.json.id !== kept?.id) {
      expect(response.status, what).toBe(202);
      expect(ids, what).not.toContain(response.json.id);
      await stack.clock.settled();
      await stack.untilEnded(response.json.id);
      ids.push(response.json.id);
      model.set(name, { request, id: response.json.id, deleted: false, since: stack.clock.now() });
    }
    await checkShown(response);
  };
  /** Every response that shows a copy shows the URLs of its record. */
  const checkShown = async (response: ApiResponse) => {
    const shown = response.json;
    if (shown?.id === undefined) return;
    const record = await readRecord(stack, shown.id);
    const { source: from, destination: to } = record ?? shown;
    expect([shown.source, shown.destination]).toEqual([from, to]);
  };

  for (const each of steps) {
    const id = "at" in each ? ids[each.at % Math.max(1, ids.length)] : undefined;
    const headers = "key" in each ? { "idempotency-key": each.key } : {};
    switch (each.do) {
      case "post": {
        const body = await bodyOf(each.request);
        const response = await stack.call("POST", "/copies", { body, headers });
        await checkKeyed(each.key, each.request, response);
        break;
      }
      case "retry":
        if (id === undefined) break;
        await checkKeyed(
          each.key,
          `retry of ${id}`,
          await stack.call("POST", `/copies/${id}/retry`, { headers }),
        );
        break;
      case "dry run": {
        const body = { ...(await bodyOf("plain")), dryRun: true };
        const response = await stack.call("POST", "/copies", { body, headers });
        expect(response.json.id).toBeUndefined();
        break;
      }
      case "delete": {
        if (id === undefined) break;
        const { status } = await stack.call("DELETE", `/copies/${id}`);
        expect([204, 404]).toContain(status);
        for (const kept of model.values()) {
          if (kept.id === id && status === 204) kept.deleted = true;
        }
        expect((await stack.call("DELETE", `/copies/${id}`)).status).toBe(404);
        break;
      }
      case "abort":
        if (id !== undefined)
          expect((await stack.call("POST", `/copies/${id}/abort`)).status).toBeGreaterThan(403);
        break;
      case "purge":
        if (id !== undefined) await manage(stack, id, "purge").catch(() => null);
        break;
      case "wait":
        await stack.clock.advance(each.hours * hour);
        break;
      case "settings":
        settings["COPY_ALLOWED"] = each.strict ? "[]" : loose;
        settings["COPY_ROUTES"] = routes[each.strict ? 1 : 0] ?? "";
        await stack.restart();
    }
    await stack.clock.settled();
    for (const known of ids) await checkShown(await stack.call("GET", `/copies/${known}`));
    const { json } = await stack.call("GET", "/copies");
    for (const item of json.items) expect(ids).toContain(item.id);
  }
  return ids.length;
}

const runs = sized({ small: 6, full: 200 });

test("a key has one copy, regardless of the calls and changes between its calls", async () => {
  let started = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 16 }), async (steps) => {
      const settings = { COPY_ALLOWED: loose, COPY_ROUTES: routes[0] ?? "" };
      const stack = await openStack({
        persistent: true,
        settings,
        environment: {
          COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64"),
          COPY_RETENTION_DAYS: String(retentionDays),
        },
        copies: { finishOnStart: "always" },
      });
      try {
        started += await play(stack, settings, steps);
      } finally {
        await stack.close();
      }
    }),
    { numRuns: runs, endOnFailure: true },
  );
  expect(started).toBeGreaterThan(runs);
}, 600_000);
