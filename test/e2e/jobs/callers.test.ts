import { expect, test } from "vitest";
import {
  containerSas,
  getJob,
  inboxJob,
  placeUrl,
  startJob,
  untilJobEnded,
} from "../../support/jobs/stack-jobs.ts";
import { secondAccount, startStack } from "../../support/stack/test-stack.ts";

/* Jobs belong to the callers that requested them, as copies do. */

const signedIn = { WEBSITE_AUTH_ENABLED: "true", COPY_OPERATORS: "aad/operator" };
const as = (id: string) => ({
  "x-ms-client-principal-idp": "aad",
  "x-ms-client-principal-id": id,
});

test("another caller's job does not exist, for every call; an operator may use it", async () => {
  const stack = await startStack({ environment: signedIn, copies: { bytesPerSecond: 0 } });
  await stack.upload("inbox/a.txt", "content");
  const { id } = await startJob(stack, inboxJob(stack), as("alice"));
  const calls = [
    ["GET", ""],
    ["DELETE", ""],
    ["POST", "/abort"],
    ["POST", "/pause"],
    ["POST", "/resume"],
    ["POST", "/start"],
  ] as const;
  for (const [method, end] of calls) {
    const response = await stack.call(method, `/jobs/${id}${end}`, { headers: as("bob") });
    expect([method, end, response.status]).toEqual([method, end, 404]);
  }
  const list = async (who: string) =>
    (await stack.call("GET", "/jobs", { headers: as(who) })).json.items.length;
  expect([await list("alice"), await list("bob"), await list("operator")]).toEqual([1, 0, 1]);
  const operated = await stack.call("POST", `/jobs/${id}/pause`, { headers: as("operator") });
  expect(operated.status).toBe(202);
});

test("a job that overlaps with another caller's is rejected without its id", async () => {
  const stack = await startStack({ environment: signedIn, copies: { bytesPerSecond: 0 } });
  await stack.upload("inbox/a.txt", "content");
  const { id } = await startJob(stack, inboxJob(stack), as("alice"));
  const body = inboxJob(stack, { destination: placeUrl(stack, "archive/deeper/") });
  const response = await stack.call("POST", "/jobs", { body, headers: as("bob") });
  expect(response.status).toBe(409);
  expect(response.text).not.toContain(id);
});

test("the id of a job is not that of a copy, and the reverse", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 0 } });
  await stack.upload("inbox/a.txt", "content");
  const { id } = await startJob(stack, inboxJob(stack));
  expect((await stack.call("GET", `/copies/${id}`)).status).toBe(404);
  expect((await stack.call("POST", `/copies/${id}/abort`)).status).toBe(404);
  const copy = await stack.start({
    source: stack.blob("inbox/a.txt").url,
    destination: stack.blob("archive/b.txt").url,
  });
  expect((await stack.call("GET", `/jobs/${copy.id}`)).status).toBe(404);
});

test("a job whose key is missing waits with a warning, and continues when the key is back", async () => {
  const keyOf = (byte: number) => Buffer.alloc(32, byte).toString("base64");
  const stack = await startStack({
    persistent: true,
    environment: { COPY_SECRET_KEYS: keyOf(7) },
  });
  await stack.upload("inbox/a.txt", "content", secondAccount);
  const sas = await containerSas(stack, secondAccount);
  const source = `${placeUrl(stack, "inbox", secondAccount)}?${sas}`;
  const headers = { "retry-after": "30" };
  stack.local.emulator.faults.add({
    operation: "ListBlobs",
    match: ({ target }) => target.includes("/inbox"),
    times: 1,
    do: { response: { status: 503, code: "ServerBusy", headers } },
  });
  const { id } = await startJob(stack, inboxJob(stack, { source }));
  process.env["COPY_SECRET_KEYS"] = keyOf(8);
  await stack.restart();
  await stack.clock.advance(120_000);
  const waiting = await getJob(stack, id);
  expect(waiting.warning).toContain("COPY_SECRET_KEYS does not contain its key");
  process.env["COPY_SECRET_KEYS"] = keyOf(7);
  await stack.restart();
  expect(await untilJobEnded(stack, id)).toMatchObject({ status: "succeeded", warning: null });
});
