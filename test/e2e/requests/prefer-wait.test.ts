import { expect, test } from "vitest";
import { startStack } from "../../support/stack/test-stack.ts";

/* Prefer: wait on the running app; its time is tested in test/contract/triggers/hold-until-ended.test.ts. */

test("POST with Prefer: wait returns the copy when it has ended, with Preference-Applied", async () => {
  const stack = await startStack({ copies: { finishOnStart: "always" } });
  const source = (await stack.upload("inbox/film.mp4", "film")).url;
  const body = { source, destination: stack.blob("archive/film.mp4").url };
  const get = (headers: Record<string, string>) =>
    stack.call("GET", `/copies/${response.json.id}`, { headers });
  const headers = { prefer: "respond-async, wait=1" };
  const response = await stack.call("POST", "/copies", { body, headers });
  expect(response).toMatchObject({ status: 202, json: { status: "succeeded" } });
  expect(response.headers.get("preference-applied")).toBe("wait=1");
  expect(response.headers.get("location")).toContain(response.json.id);
  expect(response.headers.get("retry-after")).toBeNull();
  const ended = await get({ prefer: "wait=20" });
  expect(ended.headers.get("preference-applied")).toBe("wait=20");
  const etag = ended.headers.get("etag") ?? "";
  const same = await get({ prefer: "wait=20", "if-none-match": etag });
  expect(same.status).toBe(304);
});

test("an abort is not held: its response is final as soon as the abort is recorded", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1_000 } });
  const source = (await stack.upload("inbox/film.mp4", "film".repeat(10_000))).url;
  const { id } = await stack.start({ source, destination: stack.blob("archive/film.mp4").url });
  const headers = { prefer: "wait=20" };
  const response = await stack.call("POST", `/copies/${id}/abort`, { headers });
  expect(response).toMatchObject({ status: 202, json: { status: "aborting" } });
  expect(response.headers.get("preference-applied")).toBeNull();
});

test("a retry with Prefer: wait returns the new copy when it has ended", async () => {
  const stack = await startStack({ copies: { finishOnStart: "always" } });
  const source = (await stack.upload("inbox/film.mp4", "film")).url;
  const destination = stack.blob("archive/film.mp4").url;
  const { id } = await stack.start({ source, destination, options: { overwrite: "always" } });
  await stack.untilEnded(id);
  const headers = { prefer: "wait=1" };
  const response = await stack.call("POST", `/copies/${id}/retry`, { headers });
  expect(response).toMatchObject({ status: 202, json: { status: "succeeded", retryOf: id } });
  expect(response.headers.get("preference-applied")).toBe("wait=1");
});
