import * as df from "durable-functions";

/** Orchestrators with one common mistake each, which Azure does not report. */
const hour = 3_600_000;
const later = (context, ms) => new Date(context.df.currentUtcDateTime.getTime() + ms);

df.app.activity("look", { handler: () => ({ done: false }) });
let tries = 0;
df.app.activity("stumble", {
  handler: () => {
    tries++;
    if (tries === 1) throw new Error("the first try fails");
    return {};
  },
});

/** One deadline for the whole loop. */
df.app.orchestration("deadlineCarriedThroughALoop", function* (context) {
  const deadline = context.df.createTimer(later(context, 24 * hour));
  for (let round = 0; round < 3; round++) {
    const poll = context.df.createTimer(later(context, hour));
    const first = yield context.df.Task.any([poll, deadline]);
    if (first === deadline) return "late";
    yield context.df.callActivity("look", {});
  }
  deadline.cancel();
  return "done";
});

/** Cancels a timer of a week. */
df.app.orchestration("longTimerCanceled", function* (context) {
  const patience = context.df.createTimer(later(context, 7 * 24 * hour));
  const event = context.df.waitForExternalEvent("answer");
  const first = yield context.df.Task.any([event, patience]);
  if (first === event) patience.cancel();
  return yield context.df.callActivity("look", {});
});

/** A retried activity with a time limit. */
df.app.orchestration("retryInsideARace", function* (context) {
  const retries = new df.RetryOptions(1_000, 3);
  const work = context.df.callActivityWithRetry("stumble", retries, {});
  const limit = context.df.createTimer(later(context, hour));
  const first = yield context.df.Task.any([work, limit]);
  if (first !== limit) limit.cancel();
  return yield context.df.callActivity("look", {});
});

/** Starts over after each event, to keep the history short. */
df.app.orchestration("continuedAfterARace", function* (context) {
  const event = context.df.waitForExternalEvent("answer");
  const limit = context.df.createTimer(later(context, hour));
  const first = yield context.df.Task.any([event, limit]);
  if (first === event) limit.cancel();
  context.df.continueAsNew({});
});

/** Fails without a message. */
df.app.orchestration("failsWithoutAText", function* (context) {
  yield context.df.callActivity("look", {});
  throw new Error("");
});

/** A typo in a name. */
df.app.orchestration("callsAnUnknownActivity", function* (context) {
  return yield context.df.callActivity("lok", {});
});

df.app.client.http("start", {
  route: "start/{name}",
  methods: ["POST"],
  handler: async (request, client) => {
    const { name } = request.params;
    await client.startNew(name, { instanceId: name, input: {} });
    return { status: 202 };
  },
});

df.app.client.http("answer", {
  route: "answer/{name}",
  methods: ["POST"],
  handler: async (request, client) => {
    await client.raiseEvent(request.params.name, "answer", null);
    return { status: 202 };
  },
});
