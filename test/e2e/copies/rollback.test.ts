import { ContainerClient, ContainerSASPermissions } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { setRoles } from "../../support/stack/roles.ts";
import { firstAccount, hour, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 10_000 } };
const where = { container: "archive", blob: "film.mp4" };
const busy = { response: { status: 503, code: "ServerBusy" } };

/** A destination with its own content, headers and metadata, and a request that overwrites it. */
async function request(stack: TestStack, options: Record<string, unknown> = {}) {
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4");
  await destination.upload("former", 6, {
    blobHTTPHeaders: { blobContentType: "text/plain", blobCacheControl: "no-store" },
    metadata: { Shelf: "7" },
    tags: { shelf: "seven" },
    tier: "Cool",
  });
  return {
    source: source.url,
    destination: destination.url,
    options: { overwrite: "always", rollback: "snapshot", ...options },
  };
}

function archive(stack: TestStack): ContainerClient {
  const { url, credential } = stack.blob("archive/film.mp4");
  return new ContainerClient(url.slice(0, url.lastIndexOf("/")), credential);
}

/** The destination's content and properties, and the number of its snapshots. */
async function readDestination(stack: TestStack) {
  const blob = stack.blob("archive/film.mp4");
  let snapshots = 0;
  let metadata: Record<string, string> | undefined;
  const box = archive(stack);
  for await (const item of box.listBlobsFlat({ includeSnapshots: true, includeMetadata: true })) {
    if (item.snapshot === undefined) metadata = item.metadata;
    else snapshots++;
  }
  if (!(await blob.exists())) return { content: null, snapshots };
  const { contentType, cacheControl, accessTier } = await blob.getProperties();
  const content = (await blob.downloadToBuffer()).toString().slice(0, 10);
  const { tags } = await blob.getTags();
  return { content, contentType, cacheControl, accessTier, metadata, tags, snapshots };
}

const former = {
  content: "former",
  contentType: "text/plain",
  cacheControl: "no-store",
  accessTier: "Cool",
  metadata: { Shelf: "7" },
  tags: { shelf: "seven" },
  snapshots: 0,
};

test("metadata of another client with the name of Ferry's marker is restored, too", async () => {
  const stack = await startStack(slowly);
  const body = await request(stack);
  await stack.blob("archive/film.mp4").setMetadata({ ferryrollback: "keep this", shelf: "7" });
  const { id } = await stack.start(body);
  await stack.clock.advance(10_000);
  await abort(stack, id);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  const { content, metadata } = await readDestination(stack);
  expect([content, metadata]).toEqual(["former", { ferryrollback: "keep this", shelf: "7" }]);
});

async function abort(stack: TestStack, id: string) {
  await stack.call("POST", `/copies/${id}/abort`);
  await stack.clock.settled();
}

test("after an abort the former content, headers, tier and metadata are restored, and no snapshot is left", async () => {
  const stack = await startStack(slowly);
  const { id } = await stack.start(await request(stack, { tier: "Cold", metadata: { new: "1" } }));
  await stack.clock.advance(10_000);
  expect(await readDestination(stack)).toMatchObject({ content: "", snapshots: 1 });
  await abort(stack, id);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  expect(await readDestination(stack)).toEqual(former);
});

test("after a failure the former content is restored", async () => {
  const stack = await startStack(slowly);
  const { id } = await stack.start(await request(stack));
  await stack.clock.advance(10_000);
  stack.local.emulator.copies.fail(where);
  const copy = await stack.untilEnded(id);
  expect(copy).toMatchObject({ status: "failed", residue: [] });
  expect(await readDestination(stack)).toEqual(former);
});

test("after a success the new content stays, and no snapshot is left", async () => {
  const stack = await startStack(slowly);
  const { id } = await stack.start(await request(stack));
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", residue: [] });
  expect(await readDestination(stack)).toMatchObject({ content: "filmfilmfi", snapshots: 0 });
});

test("without rollback the former content is lost, and the residue reports it", async () => {
  const stack = await startStack(slowly);
  const { id } = await stack.start(await request(stack, { rollback: "off" }));
  await stack.clock.advance(10_000);
  await abort(stack, id);
  const copy = await stack.untilEnded(id);
  expect(copy.residue.join()).toContain("former content is gone");
  expect(await readDestination(stack)).toMatchObject({ content: "", snapshots: 0 });
});

test("a destination that did not exist needs no snapshot: the empty blob is removed", async () => {
  const stack = await startStack(slowly);
  const body = await request(stack);
  await stack.blob("archive/film.mp4").delete();
  const { id } = await stack.start(body);
  await stack.clock.advance(10_000);
  await abort(stack, id);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  expect(await readDestination(stack)).toEqual({ content: null, snapshots: 0 });
});

test("Ferry waits for a pending promotion", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1 } });
  const { id } = await stack.start(await request(stack));
  await stack.clock.advance(2_000);
  await abort(stack, id);
  expect(await stack.get(id)).toMatchObject({ status: "aborting", completedAt: null });
  expect(await readDestination(stack)).toMatchObject({ content: "", snapshots: 1 });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  expect(await readDestination(stack)).toEqual(former);
});

test("a promotion that Storage fails is started again", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1 } });
  const { id } = await stack.start(await request(stack));
  await stack.clock.advance(2_000);
  await abort(stack, id);
  stack.local.emulator.copies.fail(where);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  expect(await readDestination(stack)).toEqual(former);
});

test("a promotion that never ends is reported, and its snapshot is kept", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1 } });
  const { id } = await stack.start(await request(stack));
  await stack.clock.advance(2_000);
  await abort(stack, id);
  stack.local.emulator.copies.stall(where);
  const copy = await stack.untilEnded(id, 10 * 24);
  expect(copy).toMatchObject({ status: "aborted" });
  expect(copy.residue.join()).toMatch(/may not have been restored from its snapshot 2026-.*kept/);
  expect(await readDestination(stack)).toMatchObject({ snapshots: 1 });
});

test.each(["SnapshotBlob", "CopyBlob", "SetBlobMetadata", "DeleteBlob", "ListBlobs"] as const)(
  "a lost response of %s does not change the result",
  async (operation) => {
    const stack = await startStack(slowly);
    const body = await request(stack);
    const { faults } = stack.local.emulator;
    const match = ({ target }: { target: string }) => target.includes("/archive");
    if (operation === "SnapshotBlob")
      faults.add({ operation, match, times: 2, do: "lose response" });
    const { id } = await stack.start(body);
    await stack.clock.advance(10_000);
    faults.add({ operation, match, times: 2, do: "lose response" });
    await abort(stack, id);
    expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
    expect(await readDestination(stack)).toEqual(former);
  },
);

test("content that another writer wrote during the copy is not rolled back, and our snapshot is deleted", async () => {
  const stack = await startStack(slowly);
  const { id } = await stack.start(await request(stack));
  await stack.clock.advance(10_000);
  const destination = stack.blob("archive/film.mp4");
  await destination.abortCopyFromURL((await destination.getProperties()).copyId ?? "");
  await destination.upload("foreign", 7);
  expect(await stack.untilEnded(id)).toMatchObject({
    status: "failed",
    error: { cause: "superseded" },
  });
  expect(await readDestination(stack)).toMatchObject({ content: "foreign", snapshots: 0 });
});

test("snapshots of another writer are neither used nor deleted", async () => {
  const stack = await startStack(slowly);
  const body = await request(stack);
  await stack.blob("archive/film.mp4").createSnapshot();
  const { id } = await stack.start(body);
  await stack.clock.advance(10_000);
  await abort(stack, id);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  expect(await readDestination(stack)).toEqual({ ...former, snapshots: 1 });
});

test("an abort before the start, or a rejected start, keeps the content and leaves no snapshot", async () => {
  const stack = await startStack(slowly);
  const { faults } = stack.local.emulator;
  const body = await request(stack);
  const toArchive = ({ target }: { target: string }) => target.includes("/archive/");
  const remove = faults.add({ operation: "CopyBlob", match: toArchive, do: busy });
  const { id } = await stack.start(body);
  await stack.clock.advance(1_000);
  expect(await readDestination(stack)).toMatchObject({ content: "former", snapshots: 1 });
  await abort(stack, id);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  remove();
  expect(await readDestination(stack)).toEqual(former);
  const rejected = { response: { status: 409, code: "BlobImmutableDueToPolicy" } };
  faults.add({ operation: "CopyBlob", match: toArchive, do: rejected });
  const next = await stack.start(body);
  expect(await stack.untilEnded(next.id)).toMatchObject({
    status: "failed",
    error: { cause: "destination-immutable" },
    residue: [],
  });
  expect(await readDestination(stack)).toEqual(former);
});

test("a rollback with a destination SAS requires a container SAS, and then uses it", async () => {
  const stack = await startStack({
    ...slowly,
    environment: { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") },
  });
  const body = await request(stack);
  const source = await stack.readSas(stack.blob("inbox/film.mp4"));
  const ofBlob = await stack.readSas(stack.blob("archive/film.mp4"), { permissions: "racwd" });
  const rejected = await stack.start({ ...body, source, destination: ofBlob });
  const copy = await stack.untilEnded(rejected.id, 1);
  expect(copy).toMatchObject({
    status: "failed",
    error: { cause: "destination-unauthorized", fix: expect.stringMatching(/container.*list/) },
    residue: [],
  });
  expect(await readDestination(stack)).toEqual(former);

  const destination = `${body.destination}?${await containerSas(stack, "rcwdlt")}`;
  const { id } = await stack.start({ ...body, source, destination });
  await stack.clock.advance(10_000);
  await abort(stack, id);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  expect(await readDestination(stack)).toEqual(former);
});

async function containerSas(stack: TestStack, permissions: string): Promise<string> {
  const url = await archive(stack).generateSasUrl({
    permissions: ContainerSASPermissions.parse(permissions),
    startsOn: new Date(stack.clock.now() - hour),
    expiresOn: new Date(stack.clock.now() + hour),
  });
  return new URL(url).searchParams.toString();
}

test("index tags that the SAS cannot read are reported as not restored", async () => {
  const stack = await startStack({
    ...slowly,
    environment: { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") },
  });
  const body = await request(stack);
  const source = await stack.readSas(stack.blob("inbox/film.mp4"));
  const destination = `${body.destination}?${await containerSas(stack, "rcwdl")}`;
  const { id } = await stack.start({ ...body, source, destination });
  await stack.clock.advance(10_000);
  await abort(stack, id);
  expect(await stack.untilEnded(id)).toMatchObject({
    status: "aborted",
    residue: [expect.stringMatching(/index tags.*were not restored/)],
  });
  expect(await readDestination(stack)).toEqual({ ...former, tags: {} });
});

const contributor = { role: "Storage Blob Data Contributor", account: firstAccount } as const;

test("an identity that cannot read index tags restores everything else, and the tags are reported", async () => {
  const stack = await startStack({ ...slowly, secure: true });
  setRoles(stack, firstAccount, contributor);
  const { id } = await stack.start(await request(stack));
  await stack.clock.advance(10_000);
  await abort(stack, id);
  expect(await stack.untilEnded(id)).toMatchObject({
    status: "aborted",
    residue: [expect.stringMatching(/index tags.*were not restored/)],
  });
  expect(await readDestination(stack)).toEqual({ ...former, tags: {} });
});

test.each([
  ["before they are set again", "CopyBlob", {}],
  ["after they were set again", "SetBlobMetadata", former.tags],
] as const)(
  "if the role for index tags is removed %s, everything else is restored, and the tags are reported",
  async (_, operation, tags) => {
    const stack = await startStack({ ...slowly, secure: true });
    const { id } = await stack.start(await request(stack));
    await stack.clock.advance(10_000);
    stack.local.emulator.faults.add({
      operation,
      match: () => {
        setRoles(stack, firstAccount, contributor);
        return false;
      },
      do: "lose response",
    });
    await abort(stack, id);
    expect(await stack.untilEnded(id)).toMatchObject({
      status: "aborted",
      residue: [expect.stringMatching(/index tags may not have been restored/)],
    });
    expect(await readDestination(stack)).toEqual({ ...former, tags });
  },
);

test.each(["fail", "skip", undefined])(
  "rollback snapshot is rejected together with overwrite %s",
  async (overwrite) => {
    const stack = await startStack(slowly);
    const body = await request(stack);
    const options = { rollback: "snapshot", ...(overwrite === undefined ? {} : { overwrite }) };
    const response = await stack.call("POST", "/copies", { body: { ...body, options } });
    expect(response.status).toBe(400);
    expect(response.json.errors).toEqual([
      { pointer: "/options/rollback", message: expect.stringContaining("overwrite") },
    ]);
  },
);

test("a rollback continues after a restart of the app", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1 }, persistent: true });
  const { id } = await stack.start(await request(stack));
  await stack.clock.advance(2_000);
  await abort(stack, id);
  await stack.restart();
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  expect(await readDestination(stack)).toEqual(former);
});
