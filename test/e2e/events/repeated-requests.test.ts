import { expect, test } from "vitest";
import { startStack } from "../../support/stack/test-stack.ts";

const place = (path: string) => `http://127.0.0.1:10000/devstoreaccount1/${path}`;
const route = {
  name: "films",
  source: place("inbox"),
  destination: place("archive/{year}/{month}/{name}"),
};

test("a repeated request has the destination of the first one, although its instance is gone and the date has changed", async () => {
  const settings = { COPY_ROUTES: JSON.stringify([route]) };
  const environment = { COPY_RETENTION_DAYS: "30" };
  const stack = await startStack({ settings, environment, copies: { finishOnStart: "always" } });
  const source = await stack.upload("inbox/film.mp4", "film");
  const body = { source: source.url, route: "films" };
  const request = () =>
    stack.call("POST", "/copies", { body, headers: { "idempotency-key": "k" } });
  const first = (await request()).json;
  await stack.untilEnded(first.id);
  const instance = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${first.id}`;
  expect((await fetch(instance, { method: "DELETE" })).status).toBe(200);
  await stack.clock.advance(11 * 86_400_000);
  const again = await request();
  const { id, createdAt, destination } = first;
  expect([again.status, again.json]).toMatchObject([200, { id, createdAt, destination }]);
  expect(destination).toContain("/2026/11/");
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", destination });
});
