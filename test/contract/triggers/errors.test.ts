import { HttpRequest } from "@azure/functions";
import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { expect, test } from "vitest";
import { respondInTime } from "../../../src/triggers/http/http-handler.ts";

test("a bug returns 500 with a problem that names the invocation and contains no part of the error", async () => {
  const logged: unknown[] = [];
  const error = new TypeError("Cannot read sig=secret");
  const handler = respondInTime(async () => {
    throw error;
  });
  const context = { invocationId: "4711", error: (line: unknown) => logged.push(line) };
  const response = await handler(
    new HttpRequest({ method: "GET", url: "https://app.example/api/copies" }),
    {} as DurableClient,
    context as unknown as InvocationContext, // nothing else is called
  );
  expect(response.status).toBe(500);
  expect(response.headers).toMatchObject({ "content-type": "application/problem+json" });
  expect(JSON.parse(response.body as string)).toEqual({
    type: "urn:ferry:problem:internal",
    title: "The app has failed",
    status: 500,
    detail: "The app failed; its log contains the error for invocation 4711",
    fix: "Search the log of the app for the invocation",
  });
  expect(logged).toEqual([error]);
});
