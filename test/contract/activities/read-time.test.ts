import { expect, test } from "vitest";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

test("reads and aborts report when the destination was read", async () => {
  const storage = await startStorage({ copies: { bytesPerSecond: 10 } });
  const { clock, service } = storage;
  const steps = createSteps(storage);
  const source = await uploadBlob(service, "x".repeat(1_000));
  const destination = service.getContainerClient("source").getBlobClient("copy.mp4");
  const request = { source: source.url, destination: destination.url };
  const { instanceId, copy } = createCopyInput(storage, request);
  const begun = await steps.startCopy({ instanceId, copy });
  if (begun.kind !== "started") throw new Error(begun.kind);
  await clock.advance(5_000);
  const input = { instanceId, copy, ...begun.started };
  const readAt = clock.now();
  expect(await steps.readCopy(input)).toMatchObject({ kind: "pending", readAt });
  expect(await steps.abortCopy(input)).toMatchObject({ kind: "aborted", readAt });
});
