import { ContainerClient, ContainerSASPermissions } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { giveRoles } from "../../support/stack/roles.ts";
import { firstAccount, hour, startWorld } from "../../support/stack/test-stack.ts";
import type { TestWorld } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(1_000_000, "film");
const slowly = { copies: { bytesPerSecond: 10_000 } };
const where = { container: "archive", blob: "film.mp4" };
const busy = { response: { status: 503, code: "ServerBusy" } };

/** A destination with content, headers and metadata of its own, and the request to write over it. */
async function request(world: TestWorld, options: Record<string, unknown> = {}) {
  const source = await world.upload("inbox/film.mp4", film);
  const destination = world.blob("archive/film.mp4");
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

function archive(world: TestWorld): ContainerClient {
  const { url, credential } = world.blob("archive/film.mp4");
  return new ContainerClient(url.slice(0, url.lastIndexOf("/")), credential);
}

/** What stands at the destination, and how many snapshots of it there are. */
async function standing(world: TestWorld) {
  const blob = world.blob("archive/film.mp4");
  let snapshots = 0;
  let metadata: Record<string, string> | undefined;
  const box = archive(world);
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

async function abort(world: TestWorld, id: string) {
  await world.call("POST", `/copies/${id}/abort`);
  await world.clock.settled();
}

test("after an abort the former content, headers, tier and metadata are back, and no snapshot stays", async () => {
  const world = await startWorld(slowly);
  const { id } = await world.start(await request(world, { tier: "Cold", metadata: { new: "1" } }));
  await world.clock.advance(10_000);
  expect(await standing(world)).toMatchObject({ content: "", snapshots: 1 });
  await abort(world, id);
  expect(await world.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  expect(await standing(world)).toEqual(former);
});

test("after a failure the former content is back", async () => {
  const world = await startWorld(slowly);
  const { id } = await world.start(await request(world));
  await world.clock.advance(10_000);
  world.local.emulator.copies.fail(where);
  const copy = await world.untilEnded(id);
  expect(copy).toMatchObject({ status: "failed", residue: [] });
  expect(await standing(world)).toEqual(former);
});

test("after a success the new content stands, and no snapshot stays", async () => {
  const world = await startWorld(slowly);
  const { id } = await world.start(await request(world));
  expect(await world.untilEnded(id)).toMatchObject({ status: "succeeded", residue: [] });
  expect(await standing(world)).toMatchObject({ content: "filmfilmfi", snapshots: 0 });
});

test("without rollback the former content is gone, and that is said", async () => {
  const world = await startWorld(slowly);
  const { id } = await world.start(await request(world, { rollback: "off" }));
  await world.clock.advance(10_000);
  await abort(world, id);
  const copy = await world.untilEnded(id);
  expect(copy.residue.join()).toContain("former content is gone");
  expect(await standing(world)).toMatchObject({ content: "", snapshots: 0 });
});

test("a destination that did not exist needs no snapshot: the empty blob is removed", async () => {
  const world = await startWorld(slowly);
  const body = await request(world);
  await world.blob("archive/film.mp4").delete();
  const { id } = await world.start(body);
  await world.clock.advance(10_000);
  await abort(world, id);
  expect(await world.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  expect(await standing(world)).toEqual({ content: null, snapshots: 0 });
});

test("a promotion that pends is waited for", async () => {
  const world = await startWorld({ copies: { bytesPerSecond: 1 } });
  const { id } = await world.start(await request(world));
  await world.clock.advance(2_000);
  await abort(world, id);
  expect(await world.get(id)).toMatchObject({ status: "aborting", completedAt: null });
  expect(await standing(world)).toMatchObject({ content: "", snapshots: 1 });
  expect(await world.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  expect(await standing(world)).toEqual(former);
});

test("a promotion that Storage fails is begun again", async () => {
  const world = await startWorld({ copies: { bytesPerSecond: 1 } });
  const { id } = await world.start(await request(world));
  await world.clock.advance(2_000);
  await abort(world, id);
  world.local.emulator.copies.fail(where);
  expect(await world.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  expect(await standing(world)).toEqual(former);
});

test("a promotion that never ends is named, and its snapshot stays", async () => {
  const world = await startWorld({ copies: { bytesPerSecond: 1 } });
  const { id } = await world.start(await request(world));
  await world.clock.advance(2_000);
  await abort(world, id);
  world.local.emulator.copies.stall(where);
  const copy = await world.untilEnded(id, 10 * 24);
  expect(copy).toMatchObject({ status: "aborted" });
  expect(copy.residue.join()).toMatch(/may not have been restored from its snapshot 2026-.*kept/);
  expect(await standing(world)).toMatchObject({ snapshots: 1 });
});

test.each(["SnapshotBlob", "CopyBlob", "SetBlobMetadata", "DeleteBlob", "ListBlobs"] as const)(
  "a lost answer of %s changes nothing of the result",
  async (operation) => {
    const world = await startWorld(slowly);
    const body = await request(world);
    const { faults } = world.local.emulator;
    const match = ({ target }: { target: string }) => target.includes("/archive");
    if (operation === "SnapshotBlob")
      faults.add({ operation, match, times: 2, do: "lose response" });
    const { id } = await world.start(body);
    await world.clock.advance(10_000);
    faults.add({ operation, match, times: 2, do: "lose response" });
    await abort(world, id);
    expect(await world.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
    expect(await standing(world)).toEqual(former);
  },
);

test("what somebody else wrote meanwhile is not rolled back over, and our snapshot goes", async () => {
  const world = await startWorld(slowly);
  const { id } = await world.start(await request(world));
  await world.clock.advance(10_000);
  const destination = world.blob("archive/film.mp4");
  await destination.abortCopyFromURL((await destination.getProperties()).copyId ?? "");
  await destination.upload("foreign", 7);
  expect(await world.untilEnded(id)).toMatchObject({
    status: "failed",
    error: { cause: "superseded" },
  });
  expect(await standing(world)).toMatchObject({ content: "foreign", snapshots: 0 });
});

test("snapshots that somebody else took are neither used nor deleted", async () => {
  const world = await startWorld(slowly);
  const body = await request(world);
  await world.blob("archive/film.mp4").createSnapshot();
  const { id } = await world.start(body);
  await world.clock.advance(10_000);
  await abort(world, id);
  expect(await world.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  expect(await standing(world)).toEqual({ ...former, snapshots: 1 });
});

test("an abort before the start, or a start that is refused, leaves content and no snapshot", async () => {
  const world = await startWorld(slowly);
  const { faults } = world.local.emulator;
  const body = await request(world);
  const toArchive = ({ target }: { target: string }) => target.includes("/archive/");
  const remove = faults.add({ operation: "CopyBlob", match: toArchive, do: busy });
  const { id } = await world.start(body);
  await world.clock.advance(1_000);
  expect(await standing(world)).toMatchObject({ content: "former", snapshots: 1 });
  await abort(world, id);
  expect(await world.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  remove();
  expect(await standing(world)).toEqual(former);
  const refused = { response: { status: 409, code: "BlobImmutableDueToPolicy" } };
  faults.add({ operation: "CopyBlob", match: toArchive, do: refused });
  const next = await world.start(body);
  expect(await world.untilEnded(next.id)).toMatchObject({
    status: "failed",
    error: { cause: "destination-immutable" },
    residue: [],
  });
  expect(await standing(world)).toEqual(former);
});

test("a destination SAS must be its container's; then it is rolled back through it", async () => {
  const world = await startWorld({
    ...slowly,
    environment: { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") },
  });
  const body = await request(world);
  const source = await world.readSas(world.blob("inbox/film.mp4"));
  const ofBlob = await world.readSas(world.blob("archive/film.mp4"), { permissions: "racwd" });
  const refused = await world.start({ ...body, source, destination: ofBlob });
  const copy = await world.untilEnded(refused.id, 1);
  expect(copy).toMatchObject({
    status: "failed",
    error: { cause: "destination-unauthorized", fix: expect.stringMatching(/container.*list/) },
    residue: [],
  });
  expect(await standing(world)).toEqual(former);

  const destination = `${body.destination}?${await containerSas(world, "rcwdlt")}`;
  const { id } = await world.start({ ...body, source, destination });
  await world.clock.advance(10_000);
  await abort(world, id);
  expect(await world.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  expect(await standing(world)).toEqual(former);
});

async function containerSas(world: TestWorld, permissions: string): Promise<string> {
  const url = await archive(world).generateSasUrl({
    permissions: ContainerSASPermissions.parse(permissions),
    startsOn: new Date(world.clock.now() - hour),
    expiresOn: new Date(world.clock.now() + hour),
  });
  return new URL(url).searchParams.toString();
}

test("index tags that nobody may read are named as not brought back", async () => {
  const world = await startWorld({
    ...slowly,
    environment: { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") },
  });
  const body = await request(world);
  const source = await world.readSas(world.blob("inbox/film.mp4"));
  const destination = `${body.destination}?${await containerSas(world, "rcwdl")}`;
  const { id } = await world.start({ ...body, source, destination });
  await world.clock.advance(10_000);
  await abort(world, id);
  expect(await world.untilEnded(id)).toMatchObject({
    status: "aborted",
    residue: [expect.stringMatching(/index tags.*were not restored/)],
  });
  expect(await standing(world)).toEqual({ ...former, tags: {} });
});

const contributor = { role: "Storage Blob Data Contributor", account: firstAccount } as const;

test("an identity that may not read index tags brings all else back, and the tags are named", async () => {
  const world = await startWorld({ ...slowly, secure: true });
  giveRoles(world, firstAccount, contributor);
  const { id } = await world.start(await request(world));
  await world.clock.advance(10_000);
  await abort(world, id);
  expect(await world.untilEnded(id)).toMatchObject({
    status: "aborted",
    residue: [expect.stringMatching(/index tags.*were not restored/)],
  });
  expect(await standing(world)).toEqual({ ...former, tags: {} });
});

test.each([
  ["before they are set again", "CopyBlob", {}],
  ["after they were set again", "SetBlobMetadata", former.tags],
] as const)(
  "where the role for index tags is taken away %s, all else comes back, and the tags are named",
  async (_, operation, tags) => {
    const world = await startWorld({ ...slowly, secure: true });
    const { id } = await world.start(await request(world));
    await world.clock.advance(10_000);
    world.local.emulator.faults.add({
      operation,
      match: () => {
        giveRoles(world, firstAccount, contributor);
        return false;
      },
      do: "lose response",
    });
    await abort(world, id);
    expect(await world.untilEnded(id)).toMatchObject({
      status: "aborted",
      residue: [expect.stringMatching(/index tags may not have been restored/)],
    });
    expect(await standing(world)).toEqual({ ...former, tags });
  },
);

test.each(["fail", "skip", undefined])(
  "rollback snapshot is refused beside overwrite %s",
  async (overwrite) => {
    const world = await startWorld(slowly);
    const body = await request(world);
    const options = { rollback: "snapshot", ...(overwrite === undefined ? {} : { overwrite }) };
    const answer = await world.call("POST", "/copies", { body: { ...body, options } });
    expect(answer.status).toBe(400);
    expect(answer.json.errors).toEqual([
      { pointer: "/options/rollback", message: expect.stringContaining("overwrite") },
    ]);
  },
);

test("a rollback goes on over a restart of the app", async () => {
  const world = await startWorld({ copies: { bytesPerSecond: 1 }, persistent: true });
  const { id } = await world.start(await request(world));
  await world.clock.advance(2_000);
  await abort(world, id);
  await world.restart();
  expect(await world.untilEnded(id)).toMatchObject({ status: "aborted", residue: [] });
  expect(await standing(world)).toEqual(former);
});
