import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { InvocationContext } from "@azure/functions";
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Context, Span } from "@opentelemetry/api";
import type { InstanceId } from "../copy/contract/ids.ts";
import { buildLogLine, logLevels } from "./log-lines.ts";
import type { LogColumns, LogEvent, LogLevel } from "./log-lines.ts";
import { formatTraceparent, parseTraceparent } from "./trace-context.ts";
import type { TraceContext } from "./trace-context.ts";

/** The invocation of a function, for all code that it calls. */
type Scope = {
  functionName: string;
  /** The copy that the function works on; null if it does not work on one. */
  instanceId: InstanceId | null;
  trace: TraceContext;
  /** OpenTelemetry's context, for spans in this scope. */
  context: Context;
  log(level: LogLevel, line: string): void;
};

const scopes = new AsyncLocalStorage<Scope>();

export type Caller = {
  /** The traceparent that arrived with the trigger's value; null if there was none. */
  traceparent: string | null;
  instanceId?: InstanceId | null;
};

/**
 * Runs an invocation in its scope and in a span. The trace is that of the caller; without one, that of the host;
 * otherwise a new one.
 */
export async function inInvocation<Result>(
  invocation: InvocationContext,
  { traceparent, instanceId = null }: Caller,
  work: () => Promise<Result>,
): Promise<Result> {
  const { functionName } = invocation;
  const parent = pickParent(traceparent, invocation.traceContext?.traceParent);
  const attributes = instanceId === null ? {} : { "ferry.instance_id": instanceId };
  return await inSpan({ name: functionName, attributes, parent }, (span) => {
    const scope = {
      functionName,
      instanceId,
      ...span,
      log: (level: LogLevel, line: string) => invocation[level](line),
    };
    return scopes.run(scope, work);
  });
}

/** The host's context is a child of the caller's, unless the host does not trace, or the caller sent it in an event. */
function pickParent(caller: string | null, host: string | undefined): TraceContext | null {
  const sent = parseTraceparent(caller);
  const own = parseTraceparent(host);
  return sent === null || own?.traceId === sent.traceId ? own : sent;
}

type Spanned = { trace: TraceContext; context: Context };

async function inSpan<Result>(
  { name, attributes, parent }: SpanOptions,
  work: (spanned: Spanned) => Promise<Result>,
): Promise<Result> {
  const base =
    parent === null ? context.active() : trace.setSpanContext(ROOT_CONTEXT, toOtel(parent));
  const span = tracer().startSpan(name, { attributes }, base);
  const spanned = { trace: traceOf(span, base, parent), context: trace.setSpan(base, span) };
  try {
    return await context.with(spanned.context, () => work(spanned));
  } catch (error) {
    // Without the error's text, which may quote a URL.
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

type SpanOptions = {
  name: string;
  attributes: Record<string, string>;
  parent: TraceContext | null;
};

/**
 * The span's own place in the trace. Without an SDK, OpenTelemetry creates no span and returns the parent's context:
 * then this function creates the ids.
 */
function traceOf(span: Span, base: Context, parent: TraceContext | null): TraceContext {
  const { traceId, spanId, traceFlags } = span.spanContext();
  if (spanId !== trace.getSpanContext(base)?.spanId) {
    const flags = (traceFlags & 1) === 1 ? "01" : "00";
    const own = parseTraceparent(`00-${traceId}-${spanId}-${flags}`);
    if (own !== null) return own;
  }
  return {
    traceId: parent?.traceId ?? randomHex(),
    spanId: randomHex().slice(0, 16),
    isSampled: parent?.isSampled ?? false,
  };
}

/** 32 random digits; Node gets the randomness for many UUIDs at a time. */
function randomHex(): string {
  return randomUUID().replaceAll("-", "");
}

function toOtel({ traceId, spanId, isSampled }: TraceContext) {
  return { traceId, spanId, traceFlags: isSampled ? 1 : 0, isRemote: true };
}

/** Requested each time, because an SDK may be set up after this module is loaded. */
function tracer() {
  return trace.getTracer("ferry");
}

/** The traceparent of the current invocation, for calls and messages that it sends; null outside an invocation. */
export function currentTraceparent(): string | null {
  const scope = scopes.getStore();
  return scope === undefined ? null : formatTraceparent(scope.trace);
}

/** The id of the current invocation's trace; null outside an invocation. */
export function currentTraceId(): string | null {
  return scopes.getStore()?.trace.traceId ?? null;
}

/** Logs a structured line in the current invocation. */
export function emit<Event extends LogEvent>(event: Event, columns: LogColumns<Event>): void {
  scopes.getStore()?.log(logLevels[event], buildLogLine(event, columns));
}

/** The service and the purpose of a call to Storage. */
export type CallTarget = {
  purpose: "copy" | "ledger";
  account: string;
  service: "blob" | "file";
};

export type StorageResponse = {
  status: number;
  code: string | null;
  retryAfterSeconds: number | null;
};

/** A call to Storage that has begun. */
export type StorageCall = {
  /** The value of x-ms-client-request-id: the trace's id, a hyphen, and the id of the call's span. */
  clientRequestId: string;
  /** `response`: null if there was none. */
  end(response: StorageResponse | null): void;
};

/** Begins a call to Storage, with a new span; null outside an invocation. */
export function beginStorageCall(target: CallTarget, method: string): StorageCall | null {
  const scope = scopes.getStore();
  if (scope === undefined) return null;
  const { account, service, purpose } = target;
  const attributes = {
    "http.request.method": method,
    "ferry.storage.account": account,
    "ferry.storage.service": service,
    "ferry.storage.purpose": purpose,
  };
  const options = { kind: SpanKind.CLIENT, attributes };
  const span = tracer().startSpan(`Storage ${method}`, options, scope.context);
  const { traceId, spanId } = traceOf(span, scope.context, scope.trace);
  return {
    clientRequestId: `${traceId}-${spanId}`,
    end(response) {
      if (response !== null) span.setAttribute("http.response.status_code", response.status);
      if (response === null || response.status >= 500) {
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
      if (response?.status === 429 || response?.status === 503) {
        const { instanceId, functionName } = scope;
        emit("ferry.storage.throttled", {
          instanceId,
          traceId,
          function: functionName,
          ...target,
          method,
          ...response,
        });
      }
    },
  };
}
