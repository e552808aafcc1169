import { readFileSync } from "node:fs";
import { HttpRequest } from "@azure/functions";
import type { HttpResponseInit, InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { expect, test } from "vitest";
import { epochMs } from "../../../src/copy/time.ts";
import { queuedStatus } from "../../../src/copy/contract/custom-status.ts";
import { copyOf, copyResponse } from "../../../src/http/copy-response.ts";
import { copyView } from "../../../src/instances/copy-view.ts";
import { repairInstanceId } from "../../../src/names.ts";
import { getCopy } from "../../../src/triggers/http/get-copy.ts";
import { createHold, maxHeld } from "../../../src/triggers/http/hold-until-ended.ts";
import { respondInTime } from "../../../src/triggers/http/http-handler.ts";
import { startStorage } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

/* Prefer: wait=N, in virtual time. */

/** One copy, which Durable reports as running until it is ended. */
async function oneCopy() {
  const storage = await startStorage();
  const { clock } = storage;
  const { ledger } = createSteps(storage);
  const url = storage.service.getContainerClient("inbox").getBlobClient("x").url;
  const { instanceId, copy } = createCopyInput(storage, { source: url, destination: `${url}2` });
  const at = new Date(clock.now()).toISOString();
  const durable = new Map<string, object>();
  const running = {
    name: "copyOrchestration",
    runtimeStatus: "Running",
    input: copy,
    customStatus: queuedStatus(at),
    lastUpdatedTime: clock.now(),
  };
  durable.set(instanceId, running);
  const state = { reads: 0, fails: false };
  const client = {
    async getStatus(id: string) {
      state.reads++;
      if (state.fails) throw new Error("The operation failed with an unexpected status code: 500");
      const status = durable.get(id);
      if (status === undefined) throw new Error("replied with HTTP 404");
      return status;
    },
  } as unknown as DurableClient; // nothing else is called
  const outcome = { status: "succeeded", completedAt: at, settledAt: at, residue: [] };
  const end = () =>
    durable.set(instanceId, { ...running, runtimeStatus: "Completed", output: outcome });
  // The clock must not move while a request works, only while it sleeps.
  const working: (() => void)[] = [];
  const begin = () => void clock.track(new Promise<void>((resolve) => working.push(resolve)));
  const pause = () => working.pop()?.();
  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      clock.schedule(clock.now() + ms, () => {
        begin();
        resolve();
      });
      pause();
    });
  const principals = { areTrusted: false, operators: [] };
  const deps = { ledger, principals, now: () => epochMs(clock.now()), sleep };
  const hold = createHold(deps);
  const get = hold(respondInTime(getCopy(deps)));
  const post = hold(async (request) => {
    const view = copyView(
      { id: instanceId, copy, customStatus: null, execution: { kind: "running" } },
      "/api/copies",
    );
    return copyResponse(202, view, { url: request.url, now: deps.now() });
  });
  const describe = (response: HttpResponseInit) => {
    const headers = Object.fromEntries<string>(Object.entries(response.headers ?? {}));
    const copyBody = copyOf(response);
    return { status: response.status, headers, copy: copyBody, at: clock.now() };
  };
  /** A call that is held; the clock can move in the meantime. */
  const held = (method: string, prefer: string) => {
    const handler = method === "POST" ? post : get;
    const place = `https://app.example/api/copies${method === "POST" ? "" : `/${instanceId}`}`;
    const init = { method, url: place, headers: { prefer }, params: { id: instanceId } };
    begin();
    const response = handler(new HttpRequest(init), client, {} as InvocationContext);
    return response.then(describe).finally(pause);
  };
  return { clock, durable, state, end, get, held, instanceId, start: clock.now(), running };
}

test.each(["GET", "POST"])("%s is held until the copy has ended", async (method) => {
  const { clock, held, end, start } = await oneCopy();
  const response = held(method, "wait=20");
  await clock.advance(3_000);
  end();
  await clock.advance(30_000);
  const { status, headers, copy, at } = await response;
  expect(copy).toMatchObject({ status: "succeeded" });
  expect(status).toBe(method === "POST" ? 202 : 200);
  expect(headers).toMatchObject({ "preference-applied": "wait=20", vary: "Prefer" });
  expect(headers["retry-after"]).toBeUndefined();
  expect(at - start).toBeGreaterThan(3_000);
  expect(at - start).toBeLessThan(6_000);
});

test.each([
  ["wait=1", 1_000, "wait=1"],
  ["wait=7", 7_000, "wait=7"],
  ["wait=20", 20_000, "wait=20"],
  ["wait=600", 20_000, "wait=20"],
])(
  "%s holds a running copy for its whole time, with at most ten reads",
  async (prefer, ms, applied) => {
    const { clock, held, state, start } = await oneCopy();
    const response = held("GET", prefer);
    await clock.advance(60_000);
    const { headers, copy, at } = await response;
    expect(at - start).toBe(ms);
    expect(copy).toMatchObject({ status: "queued" });
    expect(headers).toMatchObject({ "preference-applied": applied, "retry-after": "1" });
    expect(state.reads).toBeGreaterThan(4);
    expect(state.reads).toBeLessThanOrEqual(10);
  },
);

test.each(["", "wait=0", "wait=x", "respond-async"])(
  "Prefer: %j holds no request",
  async (prefer) => {
    const { held, state } = await oneCopy();
    const { headers } = await held("GET", prefer);
    expect(headers["preference-applied"]).toBeUndefined();
    expect(headers["vary"]).toBe("Prefer");
    expect(state.reads).toBe(1);
  },
);

test("HEAD is not held", async () => {
  const { held } = await oneCopy();
  expect((await held("HEAD", "wait=5")).headers["preference-applied"]).toBeUndefined();
});

test("a copy that has ended already is returned immediately", async () => {
  const { held, end, state } = await oneCopy();
  end();
  const { headers, copy } = await held("GET", "wait=20");
  expect(copy).toMatchObject({ status: "succeeded" });
  expect(headers["preference-applied"]).toBe("wait=20");
  expect(state.reads).toBe(1);
});

test("at most half of an instance's concurrent requests are held; the next one gets the copy's current state", async () => {
  const { clock, held, start } = await oneCopy();
  const first = Array.from({ length: maxHeld }, () => held("GET", "wait=20"));
  await clock.settled();
  await clock.settled();
  const { headers, copy, at } = await held("POST", "wait=20");
  expect(headers["preference-applied"]).toBeUndefined();
  expect([copy?.status, at]).toEqual(["queued", start]);
  await clock.advance(20_000);
  for (const { headers: applied } of await Promise.all(first)) {
    expect(applied["preference-applied"]).toBe("wait=20");
  }
  // Both requests have ended, so two others can be held.
  const next = held("GET", "wait=1");
  await clock.advance(1_000);
  expect((await next).headers["preference-applied"]).toBe("wait=1");
});

test("a read that fails ends the wait with the copy's last known state, without Preference-Applied", async () => {
  const { clock, held, state } = await oneCopy();
  const response = held("GET", "wait=20");
  await clock.advance(1_000);
  state.fails = true;
  await clock.advance(20_000);
  const { status, headers, copy } = await response;
  expect([status, copy?.status]).toEqual([200, "queued"]);
  expect(headers["preference-applied"]).toBeUndefined();
});

test("a copy with a repair, which needs more reads, is never read more than ten times", async () => {
  const { clock, held, state, durable, instanceId, running } = await oneCopy();
  durable.set(instanceId, { ...running, runtimeStatus: "Failed" });
  const record = { abortRequested: false, startedAt: null, statusReads: 0 };
  const input = {
    version: 1,
    instanceId,
    copy: running.input,
    plan: null,
    copyId: null,
    settlement: null,
    record,
  };
  durable.set(repairInstanceId(instanceId), { ...running, name: "repairOrchestration", input });
  const response = held("GET", "wait=20");
  await clock.advance(60_000);
  const { headers, copy } = await response;
  expect(state.reads).toBeGreaterThan(4);
  expect(state.reads).toBeLessThanOrEqual(10);
  expect(copy?.completedAt).toBeNull();
  expect(headers["preference-applied"]).toBeUndefined();
});

test("a missing copy returns 404, without a wait", async () => {
  const { clock, get, start } = await oneCopy();
  const id = "01a21ba0-496d-7000-8000-000000000000";
  const init = { method: "GET", url: `https://app.example/api/copies/${id}`, params: { id } };
  const request = new HttpRequest({ ...init, headers: { prefer: "wait=20" } });
  const client = {
    getStatus: async () => {
      throw new Error("replied with HTTP 404");
    },
  };
  const response = await get(request, client as unknown as DurableClient, {} as InvocationContext);
  expect(response.status).toBe(404);
  expect(clock.now()).toBe(start);
});

test("half of the requests that Azure sends to an instance at the same time can be held", () => {
  const bicep = readFileSync("infra/modules/app.bicep", "utf8");
  const [, concurrency] = /perInstanceConcurrency: (\d+)/.exec(bicep) ?? [];
  expect(Number(concurrency)).toBe(2 * maxHeld);
});
