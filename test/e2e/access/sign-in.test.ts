import { expect, test } from "vitest";
import { createEvent, deliver, inboxRoutes } from "../../support/stack/events.ts";
import { startStack } from "../../support/stack/test-stack.ts";

/*
 * Goal: with COPY_AUTH=entra, where function keys do not exist, a caller that App Service admits without sign-in can
 * read only health.
 */

const entra = { COPY_AUTH: "entra", WEBSITE_AUTH_ENABLED: "true" };
const alice = { "x-ms-client-principal-id": "11111111", "x-ms-client-principal-idp": "aad" };

const strangers: Record<string, string>[] = [
  {},
  { "x-ms-client-principal-id": "" },
  { "x-ms-client-principal-idp": "aad" },
  { "x-ms-client-principal-name": "alice", "x-ms-client-principal": "e30=" },
  { authorization: "Bearer x", "x-functions-key": "x" },
];

test("a caller that has not signed in can start, read and abort no copy", async () => {
  const stack = await startStack({ environment: entra });
  const source = await stack.upload("inbox/film.mp4", "film");
  const destination = stack.blob("archive/film.mp4").url;
  const request = { source: source.url, destination };
  const started = await stack.start(request, alice);
  const before = await stack.untilEnded(started.id, 1, alice);
  expect(before).toMatchObject({ status: "succeeded" });
  const calls: [method: string, path: string, body?: unknown][] = [
    ["POST", "/copies", { ...request, options: { overwrite: "always" } }],
    ["POST", "/copies", "not a request"],
    ["GET", `/copies/${started.id}`],
    ["HEAD", `/copies/${started.id}`],
    ["GET", "/copies/01a21ba0-496d-7000-8000-000000000000"],
    ["POST", `/copies/${started.id}/abort`],
    ["OPTIONS", "/copies"],
    ["DELETE", `/copies/${started.id}`],
  ];
  for (const headers of strangers) {
    for (const [method, path, body] of calls) {
      const content = body === undefined ? {} : { body };
      const response = await stack.call(method, path, { ...content, headers });
      expect(response.status, `${method} ${path}`).toBe(401);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
      if (method === "HEAD") continue;
      expect(response.json).toEqual({
        type: "urn:ferry:problem:sign-in-required",
        title: "The caller has not signed in",
        status: 401,
        detail: "The caller must sign in with Microsoft Entra, because this app accepts no keys",
        fix: "Sign in with Microsoft Entra, and send the token as a bearer token",
      });
    }
    expect((await stack.call("GET", "/health", { headers })).status).toBe(200);
  }
  expect((await stack.call("GET", `/copies/${started.id}`, { headers: alice })).status).toBe(200);
});

test("with COPY_AUTH=entra, events need no sign-in, because they are sent with the event key", async () => {
  const stack = await startStack({
    environment: entra,
    settings: inboxRoutes(),
  });
  const blob = await stack.upload("inbox/film.mp4", "film");
  await stack.container("archive").createIfNotExists();
  expect(await deliver(stack, [await createEvent(blob)])).toBe(202);
  await stack.clock.advance(60_000);
  expect((await stack.blob("archive/film.mp4").downloadToBuffer()).toString()).toBe("film");
});

test("with COPY_AUTH=keys, callers that have not signed in need only a function key", async () => {
  const stack = await startStack({ environment: { WEBSITE_AUTH_ENABLED: "true" } });
  const source = await stack.upload("inbox/film.mp4", "film");
  const destination = stack.blob("archive/film.mp4").url;
  const response = await stack.call("POST", "/copies", {
    body: { source: source.url, destination },
  });
  expect(response.status).toBe(202);
});
