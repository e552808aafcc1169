import type { InvocationContext } from "@azure/functions";
import { expect, test } from "vitest";
import {
  beginStorageCall,
  currentTraceId,
  currentTraceparent,
  emit,
  inInvocation,
} from "../../../src/telemetry/scope.ts";

const caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const child = "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01";
const other = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

/** An invocation with the host's trace context; records what is logged. */
function invocation(traceParent?: string) {
  const logged: string[] = [];
  const log = (level: string) => (line: string) => logged.push(`${level} ${line}`);
  const context = {
    functionName: "copies",
    ...(traceParent === undefined ? {} : { traceContext: { traceParent } }),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
  } as unknown as InvocationContext; // nothing else is used
  return { context, logged };
}

const traceIn = (traceparent: string | null, host?: string) =>
  inInvocation(invocation(host).context, { traceparent }, async () => currentTraceparent());

test("an invocation is in its caller's trace, as a new span", async () => {
  const own = await traceIn(caller);
  expect(own).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/);
  expect(own).not.toBe(caller);
  expect(await traceIn(caller, child)).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-/);
});

test("an event's trace is not that of the call that delivers it", async () => {
  expect(await traceIn(caller, other)).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-/);
});

test("without a caller's trace, the host's is used, and it stays unsampled", async () => {
  expect(await traceIn(null, other)).toMatch(
    /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/,
  );
  expect(await traceIn("rubbish", other)).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-/);
});

test("without any trace, each invocation gets a new one", async () => {
  const traces = [await traceIn(null), await traceIn(null), await traceIn(null, "rubbish")];
  for (const trace of traces) expect(trace).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(new Set(traces).size).toBe(3);
});

test("invocations that run at the same time do not see each other's trace", async () => {
  const run = (traceparent: string) =>
    inInvocation(invocation().context, { traceparent }, async () => {
      const before = currentTraceId();
      await new Promise((resolve) => setImmediate(resolve));
      return [before, currentTraceId()];
    });
  const [one, two] = await Promise.all([run(caller), run(other)]);
  expect(new Set(one)).toEqual(new Set(["4bf92f3577b34da6a3ce929d0e0e4736"]));
  expect(new Set(two)).toEqual(new Set(["0af7651916cd43dd8448eb211c80319c"]));
});

test("outside of an invocation there is no trace, no call and no line", () => {
  const target = { purpose: "copy", account: "acme", service: "blob" } as const;
  expect(currentTraceparent()).toBe(null);
  expect(currentTraceId()).toBe(null);
  expect(beginStorageCall(target, "PUT")).toBe(null);
  expect(() =>
    emit("ferry.event.unusable", { traceId: null, trigger: "queue", route: null }),
  ).not.toThrow();
});

test("an error of an invocation is rethrown unchanged", async () => {
  const error = new Error("https://acme.blob.core.windows.net/in?sig=x");
  const failing = inInvocation(invocation().context, { traceparent: null }, async () => {
    throw error;
  });
  await expect(failing).rejects.toBe(error);
});

test("a structured line is one line, for any name of a route", async () => {
  const { context, logged } = invocation();
  await inInvocation(context, { traceparent: null }, async () =>
    emit("ferry.event.unusable", { traceId: null, trigger: "queue", route: 'a\n"b\u2028' }),
  );
  expect(logged).toHaveLength(1);
  expect(logged[0]).toMatch(/^error \{"event":"ferry\.event\.unusable",[^\n]*\}$/);
  const [, json = ""] = /^error (.*)$/s.exec(logged[0] ?? "") ?? [];
  expect(JSON.parse(json)).toMatchObject({ route: 'a\n"b\u2028' });
});
