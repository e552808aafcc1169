import type { BlobClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* Sources other than the base blob of another name: held sources, snapshots and versions, the destination itself. */

const film = Buffer.alloc(10_000, "film");
/** The film takes 100 s. */
const slowly = { copies: { bytesPerSecond: 100 } };
const environment = { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") };
const where = { container: "archive", blob: "film.mp4" };

async function request(stack: TestStack, options: object = {}) {
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4");
  return {
    source,
    destination,
    body: { source: source.url, destination: destination.url, options },
  };
}

async function leaseState(blob: BlobClient) {
  return (await blob.getProperties()).leaseState;
}

const hold = { sourceLease: "hold" };

test("a held source is leased during the copy, and released afterwards", async () => {
  const stack = await startStack(slowly);
  const { source, body } = await request(stack, hold);
  const { id } = await stack.start(body);
  await stack.clock.advance(10_000);
  expect(await source.getProperties()).toMatchObject({
    leaseState: "leased",
    leaseDuration: "infinite",
  });
  await expect(source.upload("new", 3)).rejects.toMatchObject({ statusCode: 412 });
  expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "succeeded", residue: [] });
  expect(await leaseState(source)).toBe("available");
});

test.each<[string, (stack: TestStack, id: string) => unknown, object]>([
  ["fails", (stack) => stack.local.emulator.copies.fail(where), { status: "failed", residue: [] }],
  [
    "is aborted",
    (stack, id) => stack.call("POST", `/copies/${id}/abort`),
    { status: "aborted", residue: [] },
  ],
  [
    "loses its orchestration",
    async (stack, id) => {
      const instance = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${id}`;
      await fetch(`${instance}/terminate?reason=test`, { method: "POST" });
    },
    { residue: [] },
  ],
])("the lease on the source of a copy that %s is released", async (_, befall, ends) => {
  const stack = await startStack(slowly);
  const { source, body } = await request(stack, hold);
  const { id } = await stack.start(body);
  await stack.clock.advance(10_000);
  expect(await leaseState(source)).toBe("leased");
  await befall(stack, id);
  await stack.clock.advance(4 * 3_600_000);
  expect(await stack.untilEnded(id, 10)).toMatchObject(ends);
  expect(await leaseState(source)).toBe("available");
});

test("the lease on the source of a copy that is not started is released", async () => {
  const stack = await startStack();
  const { source, body } = await request(stack, hold);
  const { id } = await stack.start({
    ...body,
    destination: body.destination.replace("archive", "none"),
  });
  expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "failed", residue: [] });
  expect(await leaseState(source)).toBe("available");
});

test("a source that another client leases cannot be held, and its lease is not changed", async () => {
  const stack = await startStack();
  const { source, body } = await request(stack, hold);
  const lease = source.getBlobLeaseClient();
  await lease.acquireLease(-1);
  const { id } = await stack.start(body);
  expect(await stack.untilEnded(id, 1)).toMatchObject({
    status: "failed",
    error: { cause: "source-leased", retryable: true },
    residue: [],
  });
  expect(await leaseState(source)).toBe("leased");
  const again = await stack.start({ ...body, options: {} });
  expect(await stack.untilEnded(again.id, 1)).toMatchObject({ status: "succeeded" });
});

test("a SAS without permission to lease is reported with a fix", async () => {
  const stack = await startStack({ environment });
  const { source, body } = await request(stack, hold);
  const { id } = await stack.start({ ...body, source: await stack.readSas(source) });
  expect(await stack.untilEnded(id, 1)).toMatchObject({
    status: "failed",
    error: { cause: "source-unauthorized", fix: expect.stringContaining("read and write") },
  });
  const rw = await stack.readSas(source, { permissions: "rw" });
  const again = await stack.start({ ...body, source: rw });
  expect(await stack.untilEnded(again.id, 1)).toMatchObject({ status: "succeeded" });
  expect(await leaseState(source)).toBe("available");
});

test("a blob is copied onto itself from a snapshot, which is deleted after success", async () => {
  const stack = await startStack(slowly);
  const { source, body } = await request(stack, { overwrite: "always", tier: "Cool" });
  const { id } = await stack.start({ ...body, destination: source.url });
  await stack.clock.advance(10_000);
  const started = stack.local.emulator.requests.find(({ operation }) => operation === "CopyBlob");
  expect(started?.headers["x-ms-copy-source"]).toMatch(/\?snapshot=2026-/);
  expect(await stack.untilEnded(id, 1)).toMatchObject({
    status: "succeeded",
    source: source.url,
    residue: [],
  });
  const { metadata, ...properties } = await source.getProperties();
  expect(properties).toMatchObject({ accessTier: "Cool", contentLength: film.length });
  expect(metadata).toEqual({ film: "yes" });
  expect(await countSnapshots(stack, "inbox", "film.mp4")).toBe(0);
});

test.each([
  ["fails", "failed"],
  ["is aborted", "aborted"],
])("a copy onto itself that %s does not lose the content", async (_, status) => {
  const stack = await startStack(slowly);
  const { source, body } = await request(stack, { overwrite: "always", metadata: { a: "b" } });
  await source.setTags({ team: "a" });
  const { id } = await stack.start({ ...body, destination: source.url });
  await stack.clock.advance(10_000);
  if (status === "aborted") await stack.call("POST", `/copies/${id}/abort`);
  else stack.local.emulator.copies.fail({ container: "inbox", blob: "film.mp4" });
  expect(await stack.untilEnded(id, 2)).toMatchObject({ status, residue: [] });
  expect((await source.downloadToBuffer()).equals(film)).toBe(true);
  expect((await source.getProperties()).metadata).toEqual({ film: "yes" });
  expect((await source.getTags()).tags).toEqual({ team: "a" });
  expect(await countSnapshots(stack, "inbox", "film.mp4")).toBe(0);
});

async function countSnapshots(stack: TestStack, container: string, blob: string): Promise<number> {
  let count = 0;
  for await (const item of stack.container(container).listBlobsFlat({ includeSnapshots: true })) {
    if (item.name === blob && item.snapshot !== undefined && item.snapshot !== "") count++;
  }
  return count;
}

test("a snapshot can be a source, and is shown as the caller named it", async () => {
  const stack = await startStack();
  const { source, destination, body } = await request(stack);
  const { snapshot = "" } = await source.createSnapshot();
  await source.upload("new", 3);
  const url = `${source.url}?snapshot=${encodeURIComponent(snapshot)}`;
  const { id } = await stack.start({ ...body, source: url });
  expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "succeeded", source: url });
  expect((await destination.downloadToBuffer()).equals(film)).toBe(true);
});

test("a snapshot is promoted over its own base blob", async () => {
  const stack = await startStack();
  const { source, body } = await request(stack, { overwrite: "always" });
  const { snapshot = "" } = await source.createSnapshot();
  await source.upload("new", 3);
  const { id } = await stack.start({
    ...body,
    source: `${source.url}?snapshot=${encodeURIComponent(snapshot)}`,
    destination: source.url,
  });
  expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "succeeded", residue: [] });
  expect((await source.downloadToBuffer()).equals(film)).toBe(true);
  expect(await countSnapshots(stack, "inbox", "film.mp4")).toBe(1); // the caller's own snapshot
});

test("a version can be a source, and is restored over its own blob", async () => {
  const stack = await startStack();
  stack.local.emulator.accountSettings("devstoreaccount1").versioning = true;
  const { source, body } = await request(stack, { overwrite: "always" });
  const { versionId = "" } = await source.getProperties();
  await source.upload("new", 3);
  const url = `${source.url}?versionid=${encodeURIComponent(versionId)}`;
  const { id } = await stack.start({ ...body, source: url, destination: source.url });
  expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "succeeded", source: url });
  expect((await source.downloadToBuffer()).equals(film)).toBe(true);
});

test.each(["snapshot", "versionid"])("no %s is a destination", async (name) => {
  const stack = await startStack();
  const { body } = await request(stack);
  const destination = `${body.destination}?${name}=2026-11-20T12:00:00.0000000Z`;
  const response = await stack.call("POST", "/copies", { body: { ...body, destination } });
  expect(response.status).toBe(400);
  expect(response.json.errors).toMatchObject([
    { pointer: "/destination", message: expect.stringContaining("read-only") },
  ]);
});

test("a source that changes during the copy fails it with a cause", async () => {
  const stack = await startStack(slowly);
  const { source, body } = await request(stack);
  const { id } = await stack.start(body);
  await stack.clock.advance(10_000);
  await source.upload("new", 3);
  expect(await stack.untilEnded(id, 1)).toMatchObject({
    status: "failed",
    error: { cause: "source-changed" },
    residue: [],
  });
});
