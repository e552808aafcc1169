import { HttpRequest } from "@azure/functions";
import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { expect, test } from "vitest";
import type { HttpHandler } from "../../../src/triggers/http/http-handler.ts";
import { createRouteHandler } from "../../../src/triggers/http/route-handler.ts";

/* Goal: Ferry does no work for a caller that must sign in but has not. */

async function call(needsSignIn: boolean, headers: Record<string, string>) {
  const done: string[] = [];
  const read: string[] = [];
  const hold = (handler: HttpHandler): HttpHandler => {
    return async (...order) => {
      done.push("hold");
      return handler(...order);
    };
  };
  const handler = createRouteHandler(
    async () => {
      done.push("handler");
      return { status: 200 };
    },
    { needsSignIn, principals: { areTrusted: needsSignIn, operators: [] }, hold },
  );
  const request = new HttpRequest({ method: "GET", url: "https://app.example/", headers });
  const get = request.headers.get.bind(request.headers);
  Object.defineProperty(request.headers, "get", {
    value: (name: string) => {
      read.push(name);
      return get(name);
    },
  });
  const { status } = await handler(request, {} as DurableClient, {} as InvocationContext);
  return { status, done, read };
}

const alice = { "x-ms-client-principal-id": "11111111", "x-ms-client-principal-idp": "aad" };

test("a request of a caller that has not signed in is neither held nor handled", async () => {
  const { status, done, read } = await call(true, { prefer: '"'.repeat(10_000) });
  expect(status).toBe(401);
  expect(done).toEqual([]);
  expect(read).not.toContain("prefer");
});

test("other requests are held and handled", async () => {
  const all = { status: 200, done: ["hold", "handler"] };
  expect(await call(true, alice)).toMatchObject(all);
  expect(await call(false, {})).toMatchObject(all);
});
