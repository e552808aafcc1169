import { trace } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { afterEach, expect, test } from "vitest";
import { secondAccount, startStack } from "../../support/stack/test-stack.ts";
import { linesOf } from "../../support/telemetry/lines.ts";

/* The app's spans with the SDK of OpenTelemetry; the other tests run without one. */

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const callerSpan = "00f067aa0ba902b7";

function collectSpans(): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor(exporter)];
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
  return exporter;
}

afterEach(() => trace.disable());

const parentOf = (span: ReadableSpan) => span.parentSpanContext?.spanId;

test("with an SDK, each function of a copy is a span of the caller's trace, and each call to Storage a span below it", async () => {
  const exporter = collectSpans();
  const stack = await startStack({ copies: { bytesPerSecond: 1_000 } });
  const source = await stack.upload("inbox/film.mp4", Buffer.alloc(10_000), secondAccount);
  const sent = stack.local.emulator.requests.length;
  const body = {
    source: await stack.readSas(source),
    destination: stack.blob("archive/film.mp4").url,
  };
  await stack.start(body, { traceparent: `00-${traceId}-${callerSpan}-01` });
  await stack.clock.advance(60_000);

  const spans = exporter
    .getFinishedSpans()
    .filter((span) => span.spanContext().traceId === traceId);
  const functions = spans.filter(({ name }) => !name.startsWith("Storage"));
  expect(functions[0]?.name).toBe("copies");
  expect(parentOf(functions[0] ?? never())).toBe(callerSpan);
  const steps = functions.slice(1);
  expect(new Set(steps.map(({ name }) => name))).toEqual(
    new Set(["startCopy", "readCopy", "settleCopy"]),
  );
  // The copy's input has the trace of the request that was accepted.
  for (const step of steps) expect(parentOf(step)).toBe(functions[0]?.spanContext().spanId);

  const calls = spans.filter(({ name }) => name.startsWith("Storage"));
  const ids = calls.map((call) => `${traceId}-${call.spanContext().spanId}`);
  const received = stack.local.emulator.requests.slice(sent);
  const carried = received.map(({ headers }) => headers["x-ms-client-request-id"]);
  expect(carried).toEqual(expect.arrayContaining(ids));
  const copyCall = received.find(({ operation }) => operation === "CopyBlob");
  const copySpan = calls.find(
    (call) =>
      copyCall?.headers["x-ms-client-request-id"] === `${traceId}-${call.spanContext().spanId}`,
  );
  expect(copySpan?.attributes).toMatchObject({
    "http.request.method": "PUT",
    "http.response.status_code": 202,
    "ferry.storage.purpose": "copy",
    "ferry.storage.account": "devstoreaccount1",
  });
  expect(parentOf(copySpan ?? never())).toBe(
    steps.find(({ name }) => name === "startCopy")?.spanContext().spanId,
  );
  const [ended] = linesOf(stack.log, "ferry.copy.ended");
  expect(ended).toMatchObject({ traceId, sourceAccount: secondAccount });
});

test("no span contains a URL, a name of a blob or a secret", async () => {
  const exporter = collectSpans();
  const stack = await startStack({ copies: { bytesPerSecond: 1_000 } });
  const source = await stack.upload("inbox/film.mp4", Buffer.alloc(10_000), secondAccount);
  await stack.start({
    source: await stack.readSas(source),
    destination: stack.blob("archive/film.mp4").url,
  });
  await stack.clock.advance(60_000);
  const told = exporter
    .getFinishedSpans()
    .map(({ name, attributes, events, status, links }) =>
      JSON.stringify({ name, attributes, events, status, links }),
    )
    .join("\n");
  expect(told).toContain("settleCopy");
  expect(told).not.toMatch(/https?:|film|archive|inbox|sig=/);
});

function never(): never {
  throw new Error("Cannot find the span");
}
