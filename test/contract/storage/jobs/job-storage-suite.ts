import { randomUUID } from "node:crypto";
import type { BlobServiceClient, ContainerClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { toCopyId } from "../../../../src/copy/contract/ids.ts";
import { isEchoOf } from "../../../../src/copy/location/endpoint.ts";
import { optionsOff } from "../../../../src/copy/request/copy-options.ts";
import { blobOf } from "../../../../src/jobs/contract/storage.ts";
import type { JobStorage, ListedBlob } from "../../../../src/jobs/contract/storage.ts";
import {
  call,
  conditionsOf,
  jobStorageAt,
  listing,
  objectIn,
  sideOf,
  signedSide,
  starting,
  text,
  upload,
} from "./job-storage-calls.ts";

/** Two accounts of an emulator, at one origin. Within an account, copies complete in their start. */
export type JobAccounts = {
  services: readonly [BlobServiceClient, BlobServiceClient];
  /** Epoch ms. */
  now: number;
  /** How it reports an unmet condition on the source. */
  unmetSource: "source-changed" | "destination-changed";
};

type Containers = Pick<JobAccounts, "now" | "unmetSource"> & {
  storage: JobStorage;
  near: ContainerClient;
  far: ContainerClient;
};

/** The behavior that the adapter for jobs needs from any Blob service. `near` and `far` are in different accounts. */
export function jobStorageSuite(start: () => Promise<JobAccounts>): void {
  const containers = async (): Promise<Containers> => {
    const { services, ...accounts } = await start();
    const [near, far] = services.map((service) =>
      service.getContainerClient(`job-${randomUUID()}`),
    );
    if (near === undefined || far === undefined) throw new Error("The suite needs two accounts");
    await Promise.all([near.create(), far.create()]);
    return { storage: jobStorageAt(new URL(near.url).origin), near, far, ...accounts };
  };

  const names = ({ blobs }: { blobs: readonly ListedBlob[] }) => blobs.map(({ name }) => name);
  const pageOf = async (...[storage, side, more]: [JobStorage, ...Parameters<typeof listing>]) => {
    const page = await storage.list(listing(side, more));
    if (page.kind !== "page") throw new Error(`Cannot list because ${page.failure.message}`);
    return page;
  };

  test("a listing continues with its marker, and starts from a name", async () => {
    const { storage, near } = await containers();
    for (const name of ["a/1", "a/2", "a/3", "b"]) await upload(near, name);
    const side = sideOf(near);
    const first = await pageOf(storage, side, { prefix: "a/", maxResults: 2 });
    expect(names(first)).toEqual(["a/1", "a/2"]);
    const { marker } = first;
    const second = await pageOf(storage, side, { prefix: "a/", maxResults: 2, marker });
    expect({ names: names(second), marker: second.marker }).toEqual({
      names: ["a/3"],
      marker: null,
    });
    const later = await pageOf(storage, side, { prefix: "a/", startFrom: "a/2" });
    expect(names(later)).toEqual(["a/2", "a/3"]);
    expect(names(await pageOf(storage, side, { prefix: "c/" }))).toEqual([]);
  });

  test("a listing describes each blob as its properties do", async () => {
    const { storage, near } = await containers();
    const block = near.getBlockBlobClient("block");
    await block.upload("abc", 3, {
      metadata: { own: "1" },
      tags: { team: "video" },
      tier: "Cool",
      blobHTTPHeaders: { blobContentMD5: Buffer.from("kAFQmDzST7DWlj99KOF/cg==", "base64") },
    });
    await near.getAppendBlobClient("append").create();
    await near.getPageBlobClient("page").create(512);
    await near.getBlockBlobClient("folder").upload("", 0, { metadata: { hdi_isfolder: "true" } });
    await block.getBlobLeaseClient().acquireLease(-1);
    const include = ["metadata", "tags", "copy"] as const;
    const { blobs } = await pageOf(storage, sideOf(near), { include });
    const { etag = "", lastModified } = await block.getProperties();
    expect(blobs.find(({ name }) => name === "block")).toEqual({
      name: "block",
      etag: etag.replaceAll('"', ""),
      length: 3,
      lastModified: lastModified?.getTime(),
      blobType: "BlockBlob",
      tier: "Cool",
      isTierInferred: false,
      archived: false,
      contentMd5: "kAFQmDzST7DWlj99KOF/cg==",
      isLeased: true,
      tagCount: 1,
      tags: { team: "video" },
      isRetained: false,
      isFolder: false,
      copy: null,
    });
    expect(blobs.map(({ name, blobType, isFolder }) => [name, blobType, isFolder])).toEqual([
      ["append", "AppendBlob", false],
      ["block", "BlockBlob", false],
      ["folder", "BlockBlob", true],
      ["page", "PageBlob", false],
    ]);
  });

  test("an archived blob is listed as archived", async () => {
    const { storage, near } = await containers();
    await upload(near, "a");
    await near.getBlobClient("a").setAccessTier("Archive");
    const { blobs } = await pageOf(storage, sideOf(near));
    expect(blobs).toMatchObject([{ tier: "Archive", archived: true }]);
  });

  test("a missing container fails the listing, with the cause of its role", async () => {
    const { storage, near } = await containers();
    await near.delete();
    const failed = async (role: "source" | "destination") => {
      const outcome = await storage.list(listing(sideOf(near), { role }));
      return outcome.kind === "failed" ? outcome.failure.cause : outcome.kind;
    };
    expect(await failed("source")).toBe("source-not-found");
    expect(await failed("destination")).toBe("destination-not-found");
  });

  test("Copy Blob within an account needs no SAS, and the destination shows its source", async () => {
    const { storage, near } = await containers();
    const side = sideOf(near);
    const [source, destination] = [objectIn(side, "a"), objectIn(side, "b")];
    const sourceEtag = await upload(near, "a");
    const outcome = await storage.startCopy(starting({ source, destination, sourceEtag }));
    expect(outcome).toMatchObject({ kind: "succeeded" });
    const read = await storage.readDestination({ ...call, object: destination });
    if (outcome.kind !== "succeeded" || read.kind !== "found") throw new Error("The copy failed");
    const { etag, copyId } = outcome;
    expect(read.state).toMatchObject({ etag, length: 3, copy: { copyId, status: "success" } });
    expect(isEchoOf(blobOf(source), read.state.copy?.source ?? "")).toBe(true);
    const { blobs } = await pageOf(storage, side, { prefix: "b", include: ["copy"] });
    expect(blobs[0]?.copy).toEqual(read.state.copy);
  });

  test.each(["startCopy", "copyFromUrl"] as const)(
    "%s copies to another account with the source's SAS, which no outcome contains",
    async (engine) => {
      const { storage, near, far, now } = await containers();
      const source = objectIn(await signedSide(near, { now }), "a");
      const destination = objectIn(sideOf(far), "b");
      const sourceEtag = await upload(near, "a");
      const options = { ...optionsOff, metadata: { own: "1" }, tags: { team: "x" }, tier: "Cool" };
      const order = starting({ source, destination, sourceEtag }, { options });
      expect((await storage[engine](order)).kind).toBe("succeeded");
      const blob = far.getBlobClient("b");
      expect(await text(far, "b")).toBe("abc");
      expect(await blob.getProperties()).toMatchObject({
        metadata: { own: "1" },
        accessTier: "Cool",
      });
      expect((await blob.getTags()).tags).toEqual({ team: "x" });
      const read = await storage.readDestination({ ...call, object: destination });
      expect(read).toMatchObject({ kind: "found", state: { copy: { status: "success" } } });
      expect(JSON.stringify(read)).not.toMatch(/sig=|[?&](se|sp|sr|sks|ske)=/);
    },
  );

  test.each(["startCopy", "copyFromUrl"] as const)(
    "%s is refused if either side has changed since the plan",
    async (engine) => {
      const { storage, near, now, unmetSource } = await containers();
      const source = objectIn(await signedSide(near, { now }), "a");
      const destination = objectIn(sideOf(near), "b");
      const sourceEtag = await upload(near, "a");
      const copy = async (conditions: ReturnType<typeof conditionsOf>) => {
        const order = starting({ source, destination, sourceEtag }, conditions);
        const outcome = await storage[engine](order);
        return outcome.kind === "refused" ? outcome.reason : outcome.kind;
      };
      expect(await copy(conditionsOf("0x1", "absent"))).toBe(unmetSource);
      expect(await copy(conditionsOf(sourceEtag, { etag: "0x1" }))).toBe("destination-changed");
      expect(await copy(conditionsOf(sourceEtag, "absent"))).toBe("succeeded");
      expect(await copy(conditionsOf(sourceEtag, "absent"))).toBe("destination-changed");
      const { etag = "" } = await near.getBlobClient("b").getProperties();
      expect(await copy(conditionsOf(sourceEtag, { etag }))).toBe("succeeded");
      expect(await copy(conditionsOf(sourceEtag, { etag }))).toBe("destination-changed");
      expect(await copy(conditionsOf(sourceEtag, "any"))).toBe("succeeded");
    },
  );

  test.each(["startCopy", "copyFromUrl"] as const)(
    "%s fails with its cause if a repetition cannot help",
    async (engine) => {
      const { storage, near, far, now } = await containers();
      const sourceEtag = await upload(near, "a");
      const source = objectIn(await signedSide(near, { now }), "a");
      const destination = objectIn(sideOf(far), "b");
      const cause = async (order: Partial<Parameters<typeof starting>[0]>) => {
        const copy = { source, destination, sourceEtag, ...order };
        const outcome = await storage[engine](starting(copy));
        return outcome.kind === "failed" ? outcome.failure.cause : outcome.kind;
      };
      expect(await cause({ source: { ...source, name: "none" } })).toBe("source-not-found");
      const listOnly = await signedSide(near, { permissions: "l", now });
      expect(await cause({ source: objectIn(listOnly, "a") })).toBe("source-unauthorized");
      const { container } = destination;
      const nowhere = { ...destination, container: { ...container, container: "job-none" } };
      expect(await cause({ destination: nowhere })).toBe("destination-not-found");
      await upload(far, "b");
      await far.getBlobClient("b").getBlobLeaseClient().acquireLease(-1);
      const any = starting({ source, destination, sourceEtag }, conditionsOf(sourceEtag, "any"));
      expect(await storage[engine](any)).toMatchObject({
        kind: "failed",
        failure: { cause: "destination-leased" },
      });
    },
  );

  test("a destination that is absent is not an error; a missing container is", async () => {
    const { storage, near } = await containers();
    const object = objectIn(sideOf(near), "b");
    expect(await storage.readDestination({ ...call, object })).toEqual({ kind: "absent" });
    await near.delete();
    const outcome = await storage.readDestination({ ...call, object });
    expect(["failed", "absent"]).toContain(outcome.kind); // a HEAD response may have no code
  });

  test("a stub is removed only if it has the ETag that was read", async () => {
    const { storage, near } = await containers();
    const object = objectIn(sideOf(near), "b");
    const etag = await upload(near, "b", "");
    await upload(near, "b", "by another writer");
    expect(await storage.removeStub({ ...call, object, etag })).toEqual({ kind: "not-ours" });
    expect(await text(near, "b")).toBe("by another writer");
    const current = await upload(near, "b", "");
    expect(await storage.removeStub({ ...call, object, etag: current })).toEqual({
      kind: "removed",
    });
    expect((await storage.removeStub({ ...call, object, etag: current })).kind).toBe("not-ours");
  });

  test("a copy that has ended is not aborted", async () => {
    const { storage, near } = await containers();
    const side = sideOf(near);
    const destination = objectIn(side, "b");
    const sourceEtag = await upload(near, "a");
    const copy = { source: objectIn(side, "a"), destination, sourceEtag };
    const outcome = await storage.startCopy(starting(copy));
    const copyId = outcome.kind === "succeeded" ? outcome.copyId : toCopyId("none");
    const order = { ...call, object: destination, copyId };
    expect(await storage.abort(order)).toEqual({ kind: "nothing-to-abort" });
    await near.getBlobClient("b").delete();
    expect(await storage.abort(order)).toEqual({ kind: "nothing-to-abort" });
  });

  test("a part of a report is written once, with its MD5, and replaced by its ETag", async () => {
    const { storage, near } = await containers();
    const object = objectIn(sideOf(near), "reports/0001.jsonl");
    const write = (
      content: string,
      condition: { kind: "absent" } | { kind: "etag"; etag: string },
    ) =>
      storage.putReport({
        ...call,
        object,
        body: Buffer.from(content),
        contentType: "application/x-ndjson",
        condition,
      });
    const written = await write("{}\n", { kind: "absent" });
    const read = await storage.readDestination({ ...call, object });
    expect(read).toMatchObject({ kind: "found", state: { length: 3, copy: null } });
    const contentMd5 = read.kind === "found" ? read.state.contentMd5 : null;
    const etag = read.kind === "found" ? read.state.etag : "";
    expect(written).toEqual({ kind: "written", etag, contentMd5 });
    expect(await write("{}\n", { kind: "absent" })).toEqual({ kind: "refused", contentMd5 });
    expect((await write("other", { kind: "etag", etag: "0x1" })).kind).toBe("refused");
    expect((await write("other", { kind: "etag", etag })).kind).toBe("written");
    expect(await text(near, object.name)).toBe("other");
  });

  test.each(hostileNames)("a blob named %j is listed, copied, read and removed", async (name) => {
    const { storage, near, far, now } = await containers();
    const sourceEtag = await upload(near, name);
    const side = await signedSide(near, { now });
    const { blobs } = await pageOf(storage, side);
    expect(blobs).toMatchObject([{ name, etag: sourceEtag }]);
    const copy = {
      source: objectIn(side, name),
      destination: objectIn(sideOf(far), name),
      sourceEtag,
    };
    for (const engine of ["startCopy", "copyFromUrl"] as const) {
      const order = starting(copy, conditionsOf(sourceEtag, "any"));
      expect((await storage[engine](order)).kind).toBe("succeeded");
    }
    const read = await storage.readDestination({ ...call, object: copy.destination });
    const source = read.kind === "found" ? (read.state.copy?.source ?? "") : "";
    expect(isEchoOf(blobOf(copy.source), source)).toBe(true);
    const etag = read.kind === "found" ? read.state.etag : "";
    expect(await storage.removeStub({ ...call, object: copy.destination, etag })).toEqual({
      kind: "removed",
    });
  });
}

/** At most 1,024 characters, and at most 254 parts. */
const hostileNames = [
  "a b#c%20d+e&f=g?h;i:j@k,l$m!n'(o)*~",
  'quotes "and" <tags> & {braces} [brackets] | ^ `',
  "ä/ö/日本語/😀/\u{10ffff}/é/e\u0301",
  "?sig=secret&sv=1/%2F%5C/%00",
  "/leading//double/",
  " spaces at both ends ",
  "a".repeat(1_024),
  "abc#".repeat(256),
  "x/".repeat(253) + "y",
];
