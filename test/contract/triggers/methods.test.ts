import { HttpRequest } from "@azure/functions";
import { expect, test } from "vitest";
import { health } from "../../../src/triggers/http/health.ts";
import { allMethods, routeMethods } from "../../../src/triggers/http/method-router.ts";

const call = (method: string, handler: ReturnType<typeof health>) =>
  routeMethods({ GET: handler })(new HttpRequest({ method, url: "http://app.example/api/health" }));

test.each([
  ["GET", 503],
  ["HEAD", 503],
  ["OPTIONS", 204],
  ["POST", 405],
])("%s of health is %i if a setting is wrong", async (method, status) => {
  const response = await call(method, health(["COPY_ALLOWED must be a JSON list"]));
  expect(response.status).toBe(status);
  if (status >= 400) expect(response.body).toContain(status === 503 ? "COPY_ALLOWED" : "GET, HEAD");
});

test.each(allMethods)("%s has a response on every path", async (method) => {
  for (const name of ["GET", "POST"] as const) {
    const handle = routeMethods({ [name]: async () => ({ status: 200 }) });
    const request = new HttpRequest({ method, url: "http://app.example/api/copies" });
    const { status, headers } = await handle(request);
    const isOwn = method === name || (method === "HEAD" && name === "GET");
    expect(status).toBe(isOwn ? 200 : method === "OPTIONS" ? 204 : 405);
    const allow = name === "GET" ? "GET, HEAD, OPTIONS" : "POST, OPTIONS";
    expect(headers).toEqual(isOwn ? undefined : expect.objectContaining({ allow }));
  }
});
