import { expect, test } from "vitest";
import { manage, readLedger } from "../../support/stack/ledger-blobs.ts";
import { hour, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* A copy that was deleted while its start was running, or whose start runs late, stays deleted. */

const canary = "canary";
const options = { overwrite: "always", ifBusy: "wait" };

/** Another copy holds the destination. */
async function occupied() {
  const stack = await startStack({ copies: { bytesPerSecond: 10_000 } });
  const source = await stack.upload(`inbox/${canary}`, Buffer.alloc(100_000));
  const body = { source: source.url, destination: stack.blob(`archive/${canary}`).url, options };
  const occupy = async () => {
    const other = await stack.upload("inbox/other", Buffer.alloc(1_000_000));
    await stack.start({ ...body, source: other.url });
    await stack.clock.advance(2_000);
  };
  return { stack, body, occupy };
}

async function expectDeleted(stack: TestStack, id: string) {
  for (const path of [`/copies/${id}`, `/copies/${id}/timeline`]) {
    expect((await stack.call("GET", path)).status).toBe(404);
  }
  expect((await stack.call("POST", `/copies/${id}/retry`)).status).toBe(404);
  expect((await stack.call("DELETE", `/copies/${id}`)).status).toBe(404);
  expect(
    (await stack.call("GET", "/copies")).json.items.map((item: { id: string }) => item.id),
  ).not.toContain(id);
  const own = [...(await readLedger(stack))].filter(([name]) => name.endsWith(id));
  expect(own.map(([name]) => name.split("/")[0])).toEqual(["records"]);
  expect(own.join()).not.toContain(canary);
}

test("a copy that was deleted while its start waited for the ledger stays deleted", async () => {
  const { stack, body, occupy } = await occupied();
  await occupy();
  let reached = () => {};
  let proceed = () => {};
  const isRunning = new Promise<void>((resolve) => (reached = resolve));
  stack.local.emulator.faults.add({
    operation: "PutBlob",
    match: ({ target }) => {
      if (!target.includes("/locks/")) return false;
      reached();
      return true;
    },
    times: 1,
    do: { after: new Promise((resolve) => (proceed = resolve)) },
  });
  const headers = { "idempotency-key": "k" };
  const posted = await stack.call("POST", "/copies", { headers, body });
  await isRunning;
  const { id } = posted.json;
  await manage(stack, id, "terminate");
  expect((await stack.call("DELETE", `/copies/${id}`)).status).toBe(204);
  proceed();
  await stack.clock.settled();
  await expectDeleted(stack, id);
  await stack.clock.advance(hour);
  await expectDeleted(stack, id);
});

test("a late run of the start of a deleted copy, whose destination another copy holds, leaves nothing", async () => {
  const { stack, body, occupy } = await occupied();
  const { id } = await stack.start(body);
  const { url } = stack.local.host;
  const instance = await fetch(
    `${url}/runtime/webhooks/durabletask/instances/${id}?showInput=true`,
  );
  const { input: copy } = (await instance.json()) as { input: object };
  await stack.untilEnded(id);
  expect((await stack.call("DELETE", `/copies/${id}`)).status).toBe(204);
  await occupy();
  const step = { instanceId: id, copy, attempt: 1, kept: null };
  const response = await fetch(`${url}/admin/functions/startCopy`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ input: JSON.stringify(step) }),
  });
  expect(response.status).toBe(202);
  await stack.clock.settled();
  await expectDeleted(stack, id);
});
