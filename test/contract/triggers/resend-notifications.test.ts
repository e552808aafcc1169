import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { expect, test } from "vitest";
import { repairInstanceId } from "../../../src/names.ts";
import { resendNotifications } from "../../../src/triggers/timers/resend-notifications.ts";
import { epochMs } from "../../../src/copy/time.ts";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

const minute = 60_000;

test("entries of the outbox that cannot be read are removed, and do not keep the others from being sent", async () => {
  const storage = await startStorage();
  const { ledger } = createSteps(storage);
  const source = await uploadBlob(storage.service, "film");
  const request = { source: source.url, destination: `${source.url}.copy` };
  const { instanceId, copy } = createCopyInput(storage, request);
  await ledger.outbox.add(instanceId, { ...copy, notifies: true });
  await ledger.records.recordOutcome(instanceId, { status: "succeeded", startedAt: null } as never);
  const outbox = storage.service.getContainerClient("ferry-ledger");
  const put = (name: string, content: string) =>
    outbox.getBlockBlobClient(`outbox/${name}`).uploadData(Buffer.from(content));
  await put("01a21ba0-496d-7000-8000-000000000001", '{"copy":null}');
  await put("01a21ba0-496d-7000-8000-000000000002", '{"copy":{}}');
  await put("01a21ba0-496d-7000-8000-000000000003", "null");
  await put("01a21ba0-496d-7000-8000-000000000004", "no JSON");
  await put("01a21ba0-496d-7000-8000-000000000005", "{}");
  await put("no-id", "{}");
  // The ledger itself writes no such name, and does not use it.
  await put("a name", "{}");

  await storage.clock.advance(30 * minute);
  const repaired: string[] = [];
  const client = {
    getStatus: async () => {
      throw new Error("the extension replied with HTTP 404");
    },
    startNew: async (_name: string, options: { instanceId: string }) => {
      repaired.push(options.instanceId);
      return options.instanceId;
    },
  } as unknown as DurableClient; // nothing else is called
  const errors: string[] = [];
  const context = {
    warn: () => {},
    error: (line: string) => errors.push(line),
  } as unknown as InvocationContext; // nothing else is called
  await resendNotifications({ ledger, now: () => epochMs(storage.clock.now()) }, client, context);

  expect(repaired).toEqual([repairInstanceId(instanceId)]);
  expect(errors.filter((line) => line.endsWith("it was removed"))).toHaveLength(6);
  expect(errors.filter((line) => line.endsWith("it could not be removed"))).toHaveLength(1);
  const names: string[] = [];
  for await (const { name } of outbox.listBlobsFlat({ prefix: "outbox/" })) names.push(name);
  expect(names.toSorted()).toEqual([`outbox/${instanceId}`, "outbox/a name"].toSorted());
});

test("the notification of a deleted copy is removed, and not sent", async () => {
  const storage = await startStorage();
  const { ledger } = createSteps(storage);
  const source = await uploadBlob(storage.service, "film");
  const request = { source: source.url, destination: `${source.url}.copy` };
  const { instanceId, copy } = createCopyInput(storage, request);
  const now = () => epochMs(storage.clock.now());
  await ledger.records.forget(instanceId, now());
  // A step that was running during the DELETE, and was killed.
  await ledger.outbox.add(instanceId, { ...copy, notifies: true });
  await storage.clock.advance(30 * minute);
  const none = () => Promise.reject(new Error("nothing is started"));
  const client = { getStatus: none, startNew: none } as unknown as DurableClient;
  const context = {} as InvocationContext; // nothing is logged
  await resendNotifications({ ledger, now }, client, context);
  expect(await ledger.outbox.has(instanceId)).toBe(false);
});
