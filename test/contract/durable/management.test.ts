import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import { expect, onTestFinished, test } from "vitest";
import { hours, seconds, testEngine, type TestEngine } from "../../support/host/durable-app.ts";

const app = {
  orchestrators: {
    *wait(context: df.OrchestrationContext) {
      const input = context.df.getInput();
      context.df.setCustomStatus({ waiting: true });
      const got: unknown = yield context.df.waitForExternalEvent("go");
      return { input, got };
    },
    *quick(context: df.OrchestrationContext): Generator<df.Task, number, number> {
      return yield context.df.callActivity("double", { n: 21 });
    },
    // oxlint-disable-next-line require-yield -- it fails before it could
    *fail() {
      throw new Error("no luck");
    },
    *steps(context: df.OrchestrationContext): Generator<df.Task, unknown, number> {
      const first = yield context.df.waitForExternalEvent("go");
      context.df.setCustomStatus("went");
      const doubled = yield context.df.callActivity("double", { n: first });
      const second = yield context.df.waitForExternalEvent("go");
      return [doubled, second];
    },
    *sleep(context: df.OrchestrationContext) {
      yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + hours(1)));
    },
  },
  activities: { double: ({ n }: { n: number }) => n * 2 },
};

const startEngine = (options = {}) => testEngine({ app, ...options });

const body = async (answer: Promise<{ body: string }>) => JSON.parse((await answer).body);

test("a start returns 202 with the instance's URLs, and its status has times in whole seconds", async () => {
  const engine = await startEngine();
  const started = await engine.request("POST", "orchestrators/wait/one", { body: { a: 1 } });
  const base = "http://localhost:7071/runtime/webhooks/durabletask/instances/one";
  const query = "taskHub=TestHub&connection=Storage&code=local";
  expect(started.status).toBe(202);
  expect(JSON.parse(started.body)).toEqual({
    id: "one",
    statusQueryGetUri: `${base}?${query}`,
    sendEventPostUri: `${base}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${base}/terminate?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${base}?${query}`,
    restartPostUri: `${base}/restart?${query}`,
    suspendPostUri: `${base}/suspend?reason={text}&${query}`,
    resumePostUri: `${base}/resume?reason={text}&${query}`,
  });
  expect(started.headers).toMatchObject({ location: `${base}?${query}`, "retry-after": "10" });

  await engine.clock.settled();
  const running = await engine.request("GET", "instances/one");
  expect(running.status).toBe(202);
  expect(running.headers).toMatchObject({ location: base, "retry-after": "5" });
  expect(JSON.parse(running.body)).toEqual({
    name: "wait",
    instanceId: "one",
    runtimeStatus: "Running",
    input: { a: 1 },
    customStatus: { waiting: true },
    output: null,
    createdTime: "2026-01-01T00:00:00Z",
    lastUpdatedTime: "2026-01-01T00:00:00Z",
  });

  await engine.clock.advance(seconds(90));
  expect(await engine.raise("one", "go", { b: 2 })).toBe(202);
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Completed",
    output: { input: { a: 1 }, got: { b: 2 } },
    customStatus: { waiting: true },
    lastUpdatedTime: "2026-01-01T00:01:30Z",
  });
  expect((await engine.request("GET", "instances/one?showInput=false")).status).toBe(200);
  expect((await body(engine.request("GET", "instances/one?showInput=false"))).input).toBeNull();
});

test("a status with history has names instead of numbers, merged activities, no turns and no ids", async () => {
  const engine = await startEngine();
  await engine.startNew("quick", "one", { x: 1 });
  await engine.clock.settled();
  const at = "2026-01-01T00:00:00Z";
  const shown = (query: string) => body(engine.request("GET", `instances/one?${query}`));
  const start = {
    EventType: "ExecutionStarted",
    Input: '{"x":1}',
    Correlation: null,
    ParentTraceContext: null,
    ScheduledStartTime: null,
    Generation: 0,
    GenerateNewTrace: false,
    Timestamp: at,
    FunctionName: "quick",
  };
  const completed = {
    EventType: "TaskCompleted",
    Timestamp: at,
    ScheduledTime: "2026-01-01T00:00:00+00:00",
    FunctionName: "double",
    Input: null,
  };
  const end = {
    EventType: "ExecutionCompleted",
    OrchestrationStatus: "Completed",
    FailureDetails: null,
    Timestamp: at,
  };
  // As text, because the order of the fields is the extension's.
  const textOf = (value: unknown) => JSON.stringify(value, null, 1);
  const { historyEvents: withInputs } = await shown("showHistory=true");
  expect(textOf(withInputs)).toBe(textOf([start, completed, end]));
  const { historyEvents: withoutInputs } = await shown("showHistory=true&showInput=false");
  const [hiddenStart, hiddenCompleted] = [{ ...start }, { ...completed }] as const;
  Reflect.deleteProperty(hiddenStart, "Input");
  Reflect.deleteProperty(hiddenCompleted, "Input");
  expect(withoutInputs).toEqual([hiddenStart, hiddenCompleted, end]);
  const { historyEvents } = await shown("showHistory=true&showHistoryOutput=true");
  expect(historyEvents[1]).toMatchObject({ Result: 42 });
  expect(await shown("")).not.toHaveProperty("historyEvents");
});

test.each([
  ["an id with a slash", "orchestrators/wait/a%2Fb", 404, ""],
  ["an event with a slash", "instances/one/raiseEvent/a%2Fb", 404, ""],
  [
    "a wait for the end",
    "orchestrators/wait?timeout=5&pollingInterval=1",
    501,
    "does not implement",
  ],
  [
    "an entity",
    "entities/counter/one?op=add",
    400,
    "The function 'counter' doesn't exist, is disabled, or is not an entity function. Additional info: No entity functions are currently registered!",
  ],
  [
    "rewinding an unknown instance",
    "instances/one/rewind?reason=x",
    404,
    String.raw`"No orchestration with instance ID \"$one\" found."`,
  ],
  ["a restart", "instances/one/restart", 501, "restart"],
  ["an unknown route", "something", 404, ""],
])("a request for %s is rejected", async (_, target, status, text) => {
  const engine = await startEngine();
  const answer = await engine.request("POST", target);
  expect(answer.status).toBe(status);
  expect(answer.body).toContain(text);
});

test("a running instance prevents a new one with its id; a completed one is overwritten", async () => {
  const engine = await startEngine();
  await engine.startNew("wait", "one", { first: true });
  const refused = await engine.request("POST", "orchestrators/quick/one");
  expect(refused.status).toBe(409);
  expect(JSON.parse(refused.body)).toEqual({
    Message: "An Orchestration instance with the status Pending already exists.",
  });
  await engine.raise("one", "go");
  await engine.clock.settled();
  await engine.clock.advance(seconds(5));
  await engine.startNew("quick", "one", { second: true });
  expect(await engine.status("one")).toMatchObject({
    name: "quick",
    input: { second: true },
    output: 42,
    createdTime: "2026-01-01T00:00:05Z",
  });
  expect(await engine.history("one")).toHaveLength(3);
});

test.each([
  ["@x", "@x", "%40x"],
  ["a%23b", "a#b", "a%23b"],
  ["a%3Fb", "a?b", "a%3Fb"],
  ["a%5Cb", "a\\b", "a%5Cb"],
  ["a%01b", "a\u0001b", "a%01b"],
  ["a%20b", "a b", "a+b"],
  ["a+b", "a b", "a+b"],
  ["a%2525b", "a%b", "a%25b"],
  ["%C3%BC:.", "ü:.", "%C3%BC%3A."],
  ["%ff", "\ufffd", "%EF%BF%BD"],
  ["x".repeat(257), "x".repeat(257), "x".repeat(257)],
])("an instance can have the id %s", async (written, id, inUrls) => {
  const engine = await startEngine();
  const started = await engine.request("POST", `orchestrators/quick/${written}`, { body: {} });
  expect(started.status).toBe(202);
  expect(JSON.parse(started.body).id).toBe(id);
  const url = `http://localhost:7071/runtime/webhooks/durabletask/instances/${inUrls}`;
  expect(started.headers["location"]).toBe(`${url}?taskHub=TestHub&connection=Storage&code=local`);
  expect(await engine.status(written)).toMatchObject({ instanceId: id, output: 42 });
});

test("an unknown orchestrator is accepted, and its instance fails", async () => {
  const engine = await startEngine();
  await engine.startNew("nobody", "one");
  expect(await engine.status("one")).toMatchObject({
    name: "nobody",
    runtimeStatus: "Failed",
    output:
      "Orchestrator function 'nobody' failed: The function 'nobody' doesn't exist, is disabled, or is not an orchestrator function. Additional info: The following are the known orchestrator functions: 'wait', 'quick', 'fail', 'steps', 'sleep'.",
  });
});

test("an orchestrator named in another letter case runs, and its status has the name as requested", async () => {
  const engine = await startEngine();
  await engine.startNew("QUICK", "one");
  expect(await engine.status("one")).toMatchObject({ name: "QUICK", output: 42 });
  expect((await engine.history("one"))[0]).toMatchObject({ FunctionName: "QUICK" });
});

test("an instance that is not finished is purged only together with others, not individually", async () => {
  const engine = await startEngine();
  await engine.startNew("wait", "one");
  const refusal = (status: string) =>
    JSON.stringify(
      `Only orchestrations in a terminal state can be purged, but the orchestration with instance ID one has status ${status}`,
    );
  const purge = async () => {
    const { status, body: text } = await engine.request("DELETE", "instances/one");
    return [status, text];
  };
  expect(await purge()).toEqual([412, refusal("Pending")]);
  await engine.clock.settled();
  expect(await purge()).toEqual([412, refusal("Running")]);
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Running" });
  // The extension ignores statuses that are not final, and then removes every instance.
  const target = "instances/?createdTimeFrom=2025-01-01&runtimeStatus=Running";
  expect(await body(engine.request("DELETE", target))).toEqual({ instancesDeleted: 1 });
});

test("a suspended instance only stores its messages until it is resumed", async () => {
  const engine = await startEngine();
  const post = async (target: string) => {
    const { status, body: text } = await engine.request("POST", target);
    return [status, text === "" ? "" : JSON.parse(text).ExceptionMessage] as const;
  };
  await engine.startNew("steps", "one");
  await engine.clock.settled();
  expect(await post("instances/one/resume?reason=x")).toEqual([
    500,
    "Cannot resume the orchestration instance one because instance is in the Running state.",
  ]);
  expect(await post("instances/one/suspend?reason=tired")).toEqual([202, ""]);
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Suspended", output: "tired" });
  expect(await post("instances/one/suspend?reason=tired")).toEqual([
    500,
    "Cannot suspend the orchestration instance one because instance is in the Suspended state.",
  ]);
  expect((await engine.request("GET", "instances/one")).status).toBe(202);
  expect((await engine.request("POST", "orchestrators/quick/one")).status).toBe(409);
  expect((await engine.request("POST", "instances/one/rewind")).status).toBe(412);
  expect((await engine.request("DELETE", "instances/one")).status).toBe(412);

  expect(await engine.raise("one", "go", 5)).toBe(202);
  await engine.clock.advance(hours(1));
  // The orchestrator ran and set its status, but its scheduled tasks are held back.
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Suspended",
    customStatus: "went",
  });
  expect((await engine.history("one")).map((event) => event.EventType)).toEqual([
    "ExecutionStarted",
    "ExecutionSuspended",
    "EventRaised",
  ]);
  expect(await body(engine.request("GET", "instances/?runtimeStatus=Suspended"))).toHaveLength(1);

  expect(await post("instances/one/resume?reason=rested")).toEqual([202, ""]);
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Running", output: "rested" });
  await engine.raise("one", "go", 6);
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Completed", output: [10, 6] });
  expect((await engine.history("one")).slice(1, 4)).toMatchObject([
    { EventType: "ExecutionSuspended", Reason: "tired" },
    { EventType: "EventRaised", Name: "go", Input: "5" },
    { EventType: "ExecutionResumed", Reason: "rested" },
  ]);
  expect(await post("instances/one/suspend")).toEqual([410, ""]);
  expect(await post("instances/nobody/resume")).toEqual([404, ""]);
});

test("a suspended instance can be terminated", async () => {
  const engine = await startEngine();
  await engine.startNew("sleep", "one");
  await engine.request("POST", "instances/one/suspend");
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Suspended", output: null });
  await engine.clock.advance(hours(2));
  await engine.request("POST", "instances/one/terminate?reason=off");
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Terminated", output: "off" });
});

test("bodies that are not JSON are rejected as by Newtonsoft.Json", async () => {
  const engine = await startEngine();
  await engine.startNew("wait", "one");
  for (const path of ["orchestrators/wait", "instances/one/raiseEvent/go"]) {
    const url = new URL(`http://localhost/${path}`);
    const headers = { "content-type": "application/json" };
    const query = url.searchParams;
    const answer = await engine.handle({ method: "POST", path, query, headers, body: "{bad", url });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({
      Message: "Invalid JSON content",
      ExceptionMessage: expect.any(String),
      ExceptionType: "Newtonsoft.Json.JsonReaderException",
      StackTrace: expect.any(String),
    });
  }
});

test("events need JSON, an instance, and one that has not ended", async () => {
  const engine = await startEngine();
  await engine.startNew("wait", "one");
  const target = "instances/one/raiseEvent/go";
  const text = { headers: { "content-type": "text/plain" }, body: {} };
  expect((await engine.request("POST", target, text)).status).toBe(400);
  expect((await engine.request("POST", target)).status).toBe(400);
  expect(await engine.raise("nobody", "go")).toBe(404);
  expect((await engine.request("GET", target)).status).toBe(404);
  expect(await engine.raise("one", "go", null)).toBe(202);
  expect(await engine.status("one")).toMatchObject({ output: { input: null, got: null } });
  expect(await engine.raise("one", "go")).toBe(410);
});

test("an event named in another letter case completes the extension's wait but not the library's", async () => {
  const engine = await startEngine();
  await engine.startNew("wait", "one");
  await engine.raise("one", "GO", 1);
  expect(await engine.status("one")).toMatchObject({ runtimeStatus: "Running" });
  await engine.raise("one", "go", 2);
  expect(await engine.status("one")).toMatchObject({ output: { got: 2 } });
});

test("an event named like a task id fails the instance instead of completing that task", async () => {
  const engine = await startEngine();
  await engine.startNew("sleep", "one");
  await engine.raise("one", "0", "surprise");
  await engine.clock.settled();
  const { runtimeStatus, output } = await engine.status("one");
  expect(runtimeStatus).toBe("Failed");
  expect(output).toContain("An event with a number as its name completed the task");
});

test("termination ends an instance with the reason as output, regardless of what it waits for", async () => {
  const engine = await startEngine();
  await engine.startNew("sleep", "one");
  await engine.clock.settled();
  expect((await engine.request("POST", "instances/one/terminate?reason=enough")).status).toBe(202);
  expect(await engine.status("one")).toMatchObject({
    runtimeStatus: "Terminated",
    output: "enough",
  });
  expect((await engine.request("POST", "instances/one/terminate")).status).toBe(410);
  expect((await engine.request("POST", "instances/nobody/terminate")).status).toBe(404);
  await engine.clock.advance(hours(2));
  expect(await engine.status("one")).toMatchObject({ lastUpdatedTime: "2026-01-01T00:00:00Z" });
});

test("a failure has the status Failed and plain text as output, and returns 500 only on request", async () => {
  const engine = await startEngine();
  await engine.startNew("fail", "one");
  await engine.clock.settled();
  const answer = await engine.request("GET", "instances/one");
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.body)).toMatchObject({
    runtimeStatus: "Failed",
    output: "Orchestrator function 'fail' failed: no luck",
  });
  const asked = await engine.request(
    "GET",
    "instances/one?returnInternalServerErrorOnFailure=true",
  );
  expect(asked.status).toBe(500);
});

const startMany = async (engine: TestEngine) => {
  for (let n = 0; n < 7; n++) {
    await engine.startNew(n % 2 === 0 ? "wait" : "quick", `${n < 5 ? "a" : "b"}-${n}`);
    await engine.clock.advance(seconds(60));
  }
};

test.each([
  ["instances/", 7],
  ["instances?runtimeStatus=Completed", 3],
  ["instances/?runtimeStatus=Running,Completed", 7],
  ["instances/?instanceIdPrefix=b-", 2],
  ["instances/?runtimeStatus=completed", 7],
  ["instances/?runtimeStatus=Nonsense", 7],
  ["instances/?runtimeStatus=Completed,Nonsense", 3],
  ["instances/?createdTimeFrom=yesterday&createdTimeTo=tomorrow", 7],
  ["instances/?top=many", 7],
  ["instances/?createdTimeFrom=2026-01-01T00:01:00Z&createdTimeTo=2026-01-01T00:03:00Z", 3],
])("the list %s shows %i instances", async (target, count) => {
  const engine = await startEngine();
  await startMany(engine);
  const answer = await engine.request("GET", target);
  expect(answer.headers["x-ms-continuation-token"]).toBe("");
  expect(JSON.parse(answer.body)).toHaveLength(count);
});

test("a list comes in pages, each with the token of the next", async () => {
  const engine = await startEngine();
  await startMany(engine);
  const ids: string[] = [];
  const sizes: number[] = [];
  let token = "";
  do {
    const headers = { "x-ms-continuation-token": token };
    const answer = await engine.request("GET", "instances/?top=3", { headers });
    const page: { instanceId: string }[] = JSON.parse(answer.body);
    ids.push(...page.map(({ instanceId }) => instanceId));
    sizes.push(page.length);
    token = answer.headers["x-ms-continuation-token"] ?? "";
  } while (token !== "");
  expect(sizes).toEqual([3, 3, 1]);
  expect(ids).toEqual(["a-0", "a-1", "a-2", "a-3", "a-4", "b-5", "b-6"]);
});

test("a full page has a token, even if nothing follows; an empty page counts as full", async () => {
  const engine = await startEngine();
  await startMany(engine);
  const tokenOf = async (target: string) => {
    const { status, headers, body: text } = await engine.request("GET", target);
    return [
      status,
      JSON.parse(text).length,
      /^[\w+/]*=* $/.test(headers["x-ms-continuation-token"] ?? ""),
    ];
  };
  expect(await tokenOf("instances/?top=7")).toEqual([200, 7, true]);
  expect(await tokenOf("instances/?top=8")).toEqual([200, 7, false]);
  expect(await tokenOf("instances/?top=0")).toEqual([200, 0, true]);
  expect((await engine.request("GET", "instances/?top=-1")).status).toBe(500);
});

test("a purge removes one instance, or those that match a filter with a start time", async () => {
  const engine = await startEngine();
  await startMany(engine);
  expect(await body(engine.request("DELETE", "instances/a-1"))).toEqual({ instancesDeleted: 1 });
  expect((await engine.request("DELETE", "instances/a-1")).status).toBe(404);
  const undated = await engine.request("DELETE", "instances/");
  expect([undated.status, undated.body]).toEqual([
    400,
    `"Please provide value for 'createdTimeFrom' parameter."`,
  ]);
  expect((await engine.request("DELETE", "instances/?createdTimeFrom=yesterday")).status).toBe(400);
  const done = "createdTimeFrom=2025-01-01&runtimeStatus=Completed";
  expect(await body(engine.request("DELETE", `instances/?${done}`))).toEqual({
    instancesDeleted: 2,
  });
  expect((await engine.request("DELETE", `instances/?${done}`)).status).toBe(404);
  expect(await body(engine.request("GET", "instances/"))).toHaveLength(4);
});

/** The real library's client, with our binding, calling our routes over HTTP. */
const startClient = async (engine: TestEngine): Promise<df.DurableClient> => {
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", async () => {
      const url = new URL(incoming.url ?? "/", origin);
      const {
        status,
        headers,
        body: text,
      } = await engine.handle({
        method: incoming.method ?? "GET",
        path: url.pathname.slice("/runtime/webhooks/durabletask/".length),
        query: url.searchParams,
        headers: Object.fromEntries(
          Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
        ),
        body: Buffer.concat(chunks).toString(),
        url,
      });
      outgoing.writeHead(status, headers).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const input = df.input.durableClient();
  const context = new InvocationContext({ options: { extraInputs: [input] } });
  context.extraInputs.set(input, JSON.parse(engine.clientBinding(origin)));
  return df.getClient(context);
};

test("the library's client starts, watches, raises, terminates, lists and purges", async () => {
  const engine = await startEngine();
  const client = await startClient(engine);
  const id = await client.startNew("wait", { input: { a: 1 } });
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(await client.startNew("sleep", { instanceId: "two" })).toBe("two");
  await engine.clock.settled();
  expect(await client.getStatus(id)).toMatchObject({
    runtimeStatus: "Running",
    input: { a: 1 },
    customStatus: { waiting: true },
  });
  await client.raiseEvent(id, "go", { b: 2 });
  await engine.clock.settled();
  expect((await client.getStatus(id)).output).toEqual({ input: { a: 1 }, got: { b: 2 } });
  await client.raiseEvent(id, "go", {}); // 410: the client ignores it
  await expect(client.raiseEvent("nobody", "go", {})).rejects.toThrow("No instance with ID");
  await expect(client.raiseEvent("two", "go", undefined)).rejects.toThrow("400");
  await expect(client.getStatus("nobody")).rejects.toThrow("404");
  await expect(client.startNew("sleep", { instanceId: "two" })).rejects.toThrow(
    "status Running already exists",
  );
  await client.terminate("two", "enough");
  await engine.clock.settled();
  expect(await client.getStatus("two")).toMatchObject({ runtimeStatus: "Terminated" });
  expect(await client.getStatusAll()).toHaveLength(2);
  const completed = { runtimeStatus: [df.OrchestrationRuntimeStatus.Completed] };
  expect(await client.getStatusBy(completed)).toMatchObject([{ instanceId: id }]);
  expect(await client.purgeInstanceHistory(id)).toMatchObject({ instancesDeleted: 1 });
  expect(await client.purgeInstanceHistory(id)).toMatchObject({ instancesDeleted: 0 });
});

test("the library's client reads every page of a long list", async () => {
  const engine = await startEngine();
  const client = await startClient(engine);
  for (let n = 0; n < 230; n++) await engine.startNew("wait");
  expect(await client.getStatusAll()).toHaveLength(230);
});

test("an omitted input is the empty string, as the client sends it", async () => {
  const engine = await startEngine();
  const client = await startClient(engine);
  await client.startNew("wait", { instanceId: "one" });
  await client.startNew("wait", { instanceId: "two", input: null });
  expect(await engine.status("one")).toMatchObject({ input: "" });
  expect(await engine.status("two")).toMatchObject({ input: null });
});

test("a check-status response contains every management URL", async () => {
  const engine = await startEngine();
  const client = await startClient(engine);
  const payload = client.createHttpManagementPayload("one");
  expect(Object.keys(payload)).toEqual(expect.arrayContaining(["rewindPostUri", "id"]));
  expect(payload.statusQueryGetUri).toContain("/instances/one?taskHub=TestHub");
});
