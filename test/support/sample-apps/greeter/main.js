import { app } from "@azure/functions";
import * as df from "durable-functions";

df.app.activity("greet", { handler: ({ name }) => ({ text: `Hello, ${name}` }) });

df.app.orchestration("greetLater", function* (context) {
  const { name } = context.df.getInput();
  yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 3_600_000));
  const answer = yield context.df.waitForExternalEvent("go");
  const greeting = yield context.df.callActivity("greet", { name });
  return { ...greeting, ...answer };
});

df.app.client.http("start", {
  methods: ["PUT"],
  route: "greetings/{id}",
  handler: async (request, client) => {
    const instanceId = await client.startNew("greetLater", {
      instanceId: request.params.id,
      input: await request.json(),
    });
    return client.createCheckStatusResponse(request, instanceId);
  },
});

app.http("greeting", {
  methods: ["GET", "POST"],
  route: "greetings/{id}",
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const { id } = request.params;
    if (request.method === "POST") await client.raiseEvent(id, "go", { by: "hand" });
    const { runtimeStatus, output } = await client.getStatus(id);
    return { jsonBody: { runtimeStatus, output } };
  },
});
