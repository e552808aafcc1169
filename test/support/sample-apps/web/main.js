import { app } from "@azure/functions";

/** Returns the request as it arrived. */
app.http("echo", {
  methods: ["GET", "POST", "PUT", "HEAD", "DELETE"],
  route: "echo/{first?}/{*rest}",
  handler: async (request) => ({
    jsonBody: {
      method: request.method,
      url: request.url,
      query: Object.fromEntries(request.query),
      params: request.params,
      headers: Object.fromEntries(request.headers),
      body: Buffer.from(await request.arrayBuffer()).toString("base64"),
    },
  }),
});

// The most general first: the order of registration must not matter.
app.get("any", { route: "items/{id}", handler: ({ params }) => ({ body: `any ${params.id}` }) });
app.get("number", {
  route: "items/{id:int}",
  handler: ({ params }) => ({ body: `number ${params.id}` }),
});
app.get("literal", { route: "items/all", handler: () => ({ body: "literal" }) });
app.deleteRequest("remove", {
  route: "items/{id}",
  handler: ({ params }) => ({ body: `removed ${params.id}` }),
});

app.get("large", () => ({ body: new Uint8Array(20_000_000) }));
app.get("nothing", () => undefined);
app.get("noContent", () => ({ status: 204 }));
app.get("bytes", () => ({
  status: 201,
  body: new Uint8Array([0, 255, 10]),
  headers: { "x-tag": "a" },
}));
app.get("cookies", () => ({
  cookies: [
    { name: "one", value: "a b" },
    {
      name: "two",
      value: "2",
      path: "/x",
      httpOnly: true,
      secure: true,
      sameSite: "Strict",
      maxAge: 60,
    },
  ],
}));
app.get("fall", (_, context) => {
  context.error("about to fall");
  throw new Error("fell, see https://x.example/?sig=SECRET&code=KEY");
});
app.get("text", () => "only text");
app.get("settings", () => ({
  jsonBody: {
    fromFile: process.env.FROM_FILE ?? null,
    fromBoth: process.env.FROM_BOTH ?? null,
    forced: process.env.FORCED ?? null,
    hostname: process.env.WEBSITE_HOSTNAME,
    mode: process.env.AZURE_FUNCTIONS_ENVIRONMENT,
    root: process.env.AzureWebJobsScriptRoot,
    directory: process.cwd(),
  },
}));
let release = () => {};
app.get("hold", async () => {
  await new Promise((resolve) => (release = resolve));
  return { body: "held" };
});
app.get("release", () => {
  release();
  return { body: "released" };
});
