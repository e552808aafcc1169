import * as df from "durable-functions";

/* Small orchestrators, one for each behavior that both engines must share. */

df.app.orchestration("wait", function* (context) {
  context.df.setCustomStatus({ waiting: true });
  return yield context.df.waitForExternalEvent("go");
});

df.app.orchestration("quick", function* (context) {
  return yield context.df.callActivity("echo", context.df.getInput());
});

df.app.orchestration("fail", function* (context) {
  context.df.setCustomStatus("about to fail");
  yield context.df.callActivity("echo", 1);
  throw new Error("no luck");
});

/* An error without a message does not reach the extension as an error. */
df.app.orchestration("throwText", function* (context) {
  context.df.setCustomStatus("before");
  yield context.df.callActivity("echo", 1);
  throw "a text";
});

df.app.orchestration("throwEmpty", function* (context) {
  yield context.df.callActivity("echo", 1);
  throw new Error("");
});

df.app.orchestration("failedActivity", function* (context) {
  try {
    yield context.df.callActivity("broken", { n: 1 });
  } catch (error) {
    return error.message.split("\n")[0]; // the rest quotes the extension's own types
  }
});

df.app.orchestration("sleep", function* (context) {
  const due = new Date(context.df.currentUtcDateTime.getTime() + context.df.getInput());
  yield context.df.createTimer(due);
  return "slept";
});

/* Returns when the timer was due, and when the activity after it ran. */
df.app.orchestration("timer", function* (context) {
  const due = new Date(context.df.currentUtcDateTime.getTime() + context.df.getInput());
  yield context.df.createTimer(due);
  const ranAt = yield context.df.callActivity("now");
  return { due: due.getTime(), ranAt };
});

df.app.orchestration("bigStatus", function* (context) {
  context.df.setCustomStatus("x".repeat(context.df.getInput()));
  yield context.df.callActivity("echo", 1);
  return "done";
});

df.app.orchestration("collect", function* (context) {
  const seen = [];
  for (let n = 0; n < context.df.getInput(); n++) {
    seen.push(yield context.df.waitForExternalEvent("item"));
  }
  return seen;
});

df.app.orchestration("inputs", function* (context) {
  const seen = [];
  for (const input of [true, 1, "text", "2026-01-01T00:00:00Z", null, [1], { a: null }]) {
    seen.push(yield context.df.callActivity("typeOf", input));
  }
  return seen;
});

df.app.orchestration("unknownActivity", function* (context) {
  return yield context.df.callActivity("nobody", 1);
});

df.app.activity("echo", { handler: (input) => input });
df.app.activity("now", { handler: () => Date.now() });
df.app.activity("typeOf", { handler: (input) => `${typeof input} ${JSON.stringify(input)}` });
df.app.activity("broken", {
  handler: () => {
    throw new Error("no luck");
  },
});
