import { expect, test } from "vitest";
import { openDurableEngine } from "../../../src/local/durable/engine.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* GET /copies/{id}/timeline, and copies whose history was purged in Durable. */

const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 10_000 } };

type Entry = { at: string; step: string; until: string | null; byRepair: boolean };

async function startOne(stack: TestStack, options: object = {}) {
  const source = await stack.upload("inbox/film.mp4", film);
  return await stack.start({
    source: source.url,
    destination: stack.blob("archive/film.mp4").url,
    options,
  });
}

type Shown = { source: string; links: object; entries: Entry[]; steps: string[] };

async function timelineOf(stack: TestStack, id: string): Promise<Shown> {
  const response = await stack.call("GET", `/copies/${id}/timeline`);
  expect(response.status, response.text).toBe(200);
  const entries: Entry[] = response.json.entries;
  const times = entries.map(({ at }) => at);
  expect(times).toEqual(times.toSorted());
  return { ...response.json, entries, steps: entries.map(({ step }) => step) };
}

const durable = (stack: TestStack, id: string) =>
  `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${id}`;

test("a pending copy is requested, started, read after waits, settled and ended", async () => {
  const stack = await startStack(slowly);
  const { id } = await startOne(stack);
  const running = await timelineOf(stack, id);
  expect(running.steps).toEqual(["requested", "start", "wait"]);
  const copy = await stack.untilEnded(id);
  const { source, entries, steps, links } = await timelineOf(stack, id);
  expect(source).toBe("history");
  expect(links).toEqual({ copy: copy.links.self });
  expect(steps.slice(0, 3)).toEqual(["requested", "start", "wait"]);
  expect(steps.slice(-2)).toEqual(["settle", "ended"]);
  expect(steps.filter((step) => step === "read")).toHaveLength(copy.statusReads);
  expect(entries.at(0)?.at).toBe(copy.createdAt);
  expect(entries.at(-1)?.at).toBe(copy.lastUpdatedAt);
  for (const { step, at, until, byRepair } of entries) {
    expect(byRepair).toBe(false);
    if (step === "requested" || step === "ended") expect(until).toBeNull();
    else expect(Date.parse(until ?? "")).toBeGreaterThanOrEqual(Date.parse(at));
  }
});

test("an abort is shown as requested, tried and completed", async () => {
  const stack = await startStack(slowly);
  const { id } = await startOne(stack);
  await stack.clock.advance(5_000);
  await stack.call("POST", `/copies/${id}/abort`);
  await stack.untilEnded(id);
  const { steps } = await timelineOf(stack, id);
  const shown = steps.filter((step: string) => /abort|settle|ended/.test(step));
  expect(shown).toEqual(["abort-requested", "abort", "settle", "ended"]);
});

test("a repair continues the timeline of its copy", async () => {
  const stack = await startStack(slowly);
  const { id } = await startOne(stack);
  await stack.clock.advance(5_000);
  await fetch(`${durable(stack, id)}/terminate`, { method: "POST" });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  const { entries, steps } = await timelineOf(stack, id);
  expect(steps).toContain("terminated");
  const after = entries.slice(steps.indexOf("terminated") + 1, -1);
  expect(after.length).toBeGreaterThan(0);
  expect(after.every(({ byRepair }) => byRepair)).toBe(true);
});

test("a timeline contains no part of an input or a result", async () => {
  const stack = await startStack();
  const { id } = await startOne(stack, { metadata: { canary: "canary-metadata" } });
  await stack.untilEnded(id);
  const { text } = await stack.call("GET", `/copies/${id}/timeline`);
  for (const hidden of ["canary", "inbox", "archive", "film"]) expect(text).not.toContain(hidden);
});

test("a copy whose history was purged in Durable is shown from its record", async () => {
  const stack = await startStack();
  const { id } = await startOne(stack);
  const before = await stack.untilEnded(id);
  await fetch(durable(stack, id), { method: "DELETE" });
  // The time of the last poll is known only to the instance.
  const { progress, ...rest } = before;
  const after = await stack.get(id);
  expect(after).toMatchObject(rest);
  expect(after.progress).toMatchObject({ bytesCopied: progress.bytesCopied, percent: 100 });
  const { source, entries } = await timelineOf(stack, id);
  expect(source).toBe("ledger");
  expect(entries.map(({ at, step }) => [step, at])).toEqual([
    ["requested", before.createdAt],
    ["start", before.startedAt],
    ["ended", before.lastUpdatedAt],
  ]);
  const listed = await stack.call("GET", "/copies");
  expect(listed.json.items).toMatchObject([{ id, status: "succeeded" }]);
  expect((await stack.call("POST", `/copies/${id}/abort`)).status).toBe(409);
  expect(await stack.call("POST", `/copies/${id}/retry`)).toMatchObject({
    status: 409,
    json: { type: "urn:ferry:problem:cannot-retry" },
  });
  expect((await stack.call("DELETE", `/copies/${id}`)).status).toBe(204);
  expect((await stack.call("GET", `/copies/${id}`)).status).toBe(404);
});

test("the timeline of a copy that does not exist, or is another caller's, returns 404", async () => {
  const stack = await startStack({ environment: { WEBSITE_AUTH_ENABLED: "True" } });
  const alice = { "x-ms-client-principal-id": "alice", "x-ms-client-principal-idp": "aad" };
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4").url;
  const { id } = await stack.start({ source: source.url, destination }, alice);
  await stack.untilEnded(id, 1, alice);
  const path = `/copies/${id}/timeline`;
  expect((await stack.call("GET", path, { headers: alice })).status).toBe(200);
  expect((await stack.call("GET", path)).status).toBe(404);
  await fetch(durable(stack, id), { method: "DELETE" });
  expect((await stack.call("GET", path, { headers: alice })).status).toBe(200);
  expect((await stack.call("GET", path)).status).toBe(404);
  expect((await stack.call("GET", "/copies/x/timeline", { headers: alice })).status).toBe(404);
});

test.each([400, 500, 503])(
  "a timeline returns 503 if the task hub responds with %i to the history",
  async (status) => {
    let isFailing = false;
    const stack = await startStack({
      copies: { finishOnStart: "always" },
      openEngine(options) {
        const engine = openDurableEngine(options);
        return {
          ...engine,
          handle: async (request) =>
            isFailing && JSON.stringify(request).includes("showHistory")
              ? { status, headers: {}, body: "down" }
              : await engine.handle(request),
        };
      },
    });
    const { id } = await startOne(stack);
    await stack.untilEnded(id);
    isFailing = true;
    const response = await stack.call("GET", `/copies/${id}/timeline`);
    expect(response).toMatchObject({
      status: 503,
      json: { type: "urn:ferry:problem:unavailable" },
    });
    isFailing = false;
    expect((await timelineOf(stack, id)).source).toBe("history");
  },
);
