import { BlobServiceClient, RestError } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { kib, rejection, second, startStorage, uploadBlob } from "../../support/stack/emulator.ts";

async function failure(work: Promise<unknown>) {
  return work.then(
    () => "none",
    (error: unknown) => (error instanceof RestError ? error.code : String(error)),
  );
}

test("a response replaces the operation a set number of times", async () => {
  const { service, emulator } = await startStorage();
  const blob = await uploadBlob(service, "abc");
  emulator.faults.add({
    operation: "GetBlobProperties",
    times: 2,
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  const busy = { status: 503, code: "ServerBusy" };
  expect(await rejection(blob.getProperties())).toEqual(busy);
  expect((await rejection(blob.download())).status).toBe(200);
  expect(await rejection(blob.getProperties())).toEqual(busy);
  expect((await rejection(blob.getProperties())).status).toBe(200);
});

test("a broken connection prevents the operation; a lost response does not", async () => {
  const { service, emulator } = await startStorage();
  const blob = await uploadBlob(service, "abc");
  emulator.faults.add({ operation: "SetBlobMetadata", times: 1, do: "reset connection" });
  expect(await failure(blob.setMetadata({ a: "1" }))).toBe("ECONNRESET");
  expect((await blob.getProperties()).metadata).toEqual({ project: "x" });
  emulator.faults.add({ operation: "SetBlobMetadata", times: 1, do: "lose response" });
  expect(await failure(blob.setMetadata({ a: "2" }))).toBe("ECONNRESET");
  expect((await blob.getProperties()).metadata).toEqual({ a: "2" });
  expect(emulator.requests.filter(({ status }) => status === null)).toHaveLength(2);
});

test("a start whose response was lost fails with PendingCopyOperation when the SDK retries it", async () => {
  const { service, emulator, credential } = await startStorage();
  const source = await uploadBlob(service, "abc");
  const retrying = new BlobServiceClient(service.url, credential, {
    retryOptions: { maxTries: 2, retryDelayInMs: 1 },
  });
  emulator.faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
  const destination = retrying.getContainerClient("source").getBlockBlobClient("copy");
  expect(await rejection(destination.beginCopyFromURL(source.url))).toEqual({
    status: 409,
    code: "PendingCopyOperation",
  });
  expect((await destination.getProperties()).copyStatus).toBe("pending");
});

test("a delayed request is executed and gets its response when its time comes", async () => {
  const { service, emulator, clock } = await startStorage();
  const blob = await uploadBlob(service, "abc");
  let arrived = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  emulator.faults.add({
    operation: "SetBlobMetadata",
    match: () => {
      arrived();
      return true;
    },
    do: { delayMs: 30 * second },
  });
  const response = blob.setMetadata({ late: "1" });
  await arrival;
  await clock.advance(29 * second);
  expect((await blob.getProperties()).metadata).toEqual({ project: "x" });
  expect(emulator.requests.some(({ operation }) => operation === "SetBlobMetadata")).toBe(false);
  await clock.advance(second);
  await response;
  expect((await blob.getProperties()).metadata).toEqual({ late: "1" });
});

test("a client that disconnects, or never reads its response, does not hold the clock", async () => {
  const { service, emulator, clock } = await startStorage();
  const blob = await uploadBlob(service, Buffer.alloc(32 * 1024 * kib));
  const unread = await blob.download();
  await clock.advance(second);

  const leaving = new AbortController();
  emulator.faults.add({
    operation: "GetBlobProperties",
    match: () => {
      leaving.abort();
      return true;
    },
    do: { delayMs: second },
  });
  const gone = blob.getProperties({ abortSignal: leaving.signal });
  await expect(gone).rejects.toThrow(/aborted/);
  await clock.advance(2 * second);
  expect(emulator.requests.at(-1)?.operation).toBe("GetBlobProperties");
  unread.readableStreamBody?.on("error", () => {}).resume();
});

test("a fault with a matcher affects only matching requests, and can be removed", async () => {
  const { service, emulator } = await startStorage();
  const blob = await uploadBlob(service, "abc");
  const other = await uploadBlob(service, "abc", { blob: "other" });
  const remove = emulator.faults.add({
    match: ({ resource }) => resource.level === "blob" && resource.blob === "other",
    do: { response: { status: 500, code: "InternalError", message: "On purpose" } },
  });
  expect((await rejection(blob.download())).status).toBe(200);
  expect(await rejection(other.download())).toEqual({ status: 500, code: "InternalError" });
  remove();
  expect((await rejection(other.download())).status).toBe(200);
});

test("the last thousand requests are recorded with operation, status and code", async () => {
  const { service, emulator, clock } = await startStorage();
  const blob = await uploadBlob(service, "abc");
  await rejection(blob.upload("x", 1, { conditions: { ifNoneMatch: "*" } }));
  expect(emulator.requests.at(-1)).toMatchObject({
    at: clock.now(),
    operation: "PutBlob",
    method: "PUT",
    url: "/devstoreaccount1/source/film.mp4",
    bodyLength: 1,
    status: 409,
    code: "BlobAlreadyExists",
  });
  for (let count = 0; count < 1001; count++)
    await fetch(`${emulator.blobUrl}/devstoreaccount1/a?n=${count}`);
  expect(emulator.requests).toHaveLength(1000);
  expect(emulator.requests[0]?.url).toContain("n=1");
});
