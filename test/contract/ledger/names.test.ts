import { expect, test } from "vitest";
import { createConditionalBlobs } from "../../../src/ledger/conditional-blobs.ts";
import { startStorage } from "../../support/stack/emulator.ts";

test.each([
  "outbox/../../private/victim",
  "outbox/..",
  "outbox/.",
  "outbox//victim",
  "/victim",
  "outbox/",
  "outbox",
  "",
  "outbox\\..\\..\\private\\victim",
  "outbox/%2e%2e/%2e%2e/private/victim",
  "outbox/a?comp=lease",
  "outbox/a#b",
  "outbox/a\n",
])("no blob of the ledger is read, written or removed by the name %j", async (name) => {
  const { service, emulator } = await startStorage();
  const privateBlobs = service.getContainerClient("private");
  await privateBlobs.create();
  const victim = privateBlobs.getBlockBlobClient("victim");
  await victim.uploadData(Buffer.from('"precious"'));
  const blobs = createConditionalBlobs(service.getContainerClient("ferry-ledger"));
  const requests = emulator.requests.length;
  const message = "Cannot use a blob of the ledger because its name is not one of the ledger's";
  for (const use of [
    () => blobs.create(name, {}),
    () => blobs.replace(name, {}, "*"),
    () => blobs.read(name),
    () => blobs.change(name, () => ({})),
    () => blobs.remove(name),
  ]) {
    await expect(use()).rejects.toThrow(message);
  }
  expect(emulator.requests).toHaveLength(requests);
  expect(await victim.downloadToBuffer()).toEqual(Buffer.from('"precious"'));
});
