import { AppendBlobClient, PageBlobClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * Goal: every option reaches Storage. Method: check headers on the wire, so that an option that the SDK silently
 * drops fails here.
 */

const film = Buffer.alloc(10_000, "film");
const environment = { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") };
const leaseId = "5e1a9a36-22dc-4cbb-a3b2-1e4e3bd4a9f1";

/** The headers of the single start that was sent to Storage. */
function startHeaders({ local }: TestStack): Record<string, string> {
  const countStarts = local.emulator.requests.filter(({ operation }) =>
    /^Copy(Blob|File)$/.test(operation),
  );
  expect(countStarts.map(({ operation }) => operation)).toHaveLength(1);
  return countStarts[0]?.headers ?? {};
}

function countStarts({ local }: TestStack): number {
  return local.emulator.requests.filter(({ headers }) => "x-ms-copy-source" in headers).length;
}

async function runCopy(stack: TestStack, body: object) {
  const { id } = await stack.start(body);
  return await stack.untilEnded(id, 24);
}

test.each<[string, object, Record<string, string>]>([
  ["tier", { tier: "Cool" }, { "x-ms-access-tier": "Cool" }],
  ["metadata", { metadata: { Shelf: "7" } }, { "x-ms-meta-shelf": "7" }],
  ["tags", { tags: { team: "a b" } }, { "x-ms-tags": "team=a%20b" }],
  [
    "immutabilityPolicy",
    { immutabilityPolicy: { until: "2027-01-01T00:00:00Z", mode: "Unlocked" } },
    {
      "x-ms-immutability-policy-until-date": "Fri, 01 Jan 2027 00:00:00 GMT",
      "x-ms-immutability-policy-mode": "Unlocked",
    },
  ],
  ["legalHold", { legalHold: true }, { "x-ms-legal-hold": "true" }],
  ["nothing", {}, { "if-none-match": "*" }],
])("a blob's %s is sent with the start", async (_, options, headers) => {
  const stack = await startStack();
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4").url;
  expect(await runCopy(stack, { source: source.url, destination, options })).toMatchObject({
    status: "succeeded",
  });
  const { etag } = await source.getProperties();
  const sent = startHeaders(stack);
  expect(sent).toMatchObject({ ...headers, "x-ms-source-if-match": etag, "if-none-match": "*" });
  expect(sent["x-ms-client-request-id"]).toMatch(/^[\da-f]{32}-[\da-f]{16}$/);
  // Options that were not requested are not sent.
  const optional = Object.keys(sent).filter((name) =>
    /^x-ms-(access-tier|rehydrate|meta-|tags|seal|immutab|legal|lease|if-tags|source-if-[^m])/.test(
      name,
    ),
  );
  expect(optional.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
    Object.keys(headers)
      .filter((name) => name.startsWith("x-ms-"))
      .toSorted((a, b) => (a < b ? -1 : 1)),
  );
});

test("an existing destination is pinned by its ETag when it is overwritten", async () => {
  const stack = await startStack();
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = await stack.upload("archive/film.mp4", "former");
  const { etag } = await destination.getProperties();
  const options = { overwrite: "always" };
  await runCopy(stack, { source: source.url, destination: destination.url, options });
  expect(startHeaders(stack)).toMatchObject({ "if-match": etag });
});

test("tags of the source are read and set, because Copy Blob does not copy them", async () => {
  const stack = await startStack();
  const source = await stack.upload("inbox/film.mp4", film);
  await source.setTags({ team: "a", year: "2026" });
  const destination = stack.blob("archive/film.mp4");
  const body = { source: source.url, destination: destination.url, options: { tags: "source" } };
  expect(await runCopy(stack, body)).toMatchObject({ status: "succeeded" });
  expect((await destination.getTags()).tags).toEqual({ team: "a", year: "2026" });
});

test("a source without tags sends no empty header, and the destination has no tags", async () => {
  const stack = await startStack();
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4").url;
  await runCopy(stack, { source: source.url, destination, options: { tags: "source" } });
  expect(startHeaders(stack)).not.toHaveProperty("x-ms-tags");
});

test("tags that the SAS cannot read fail the copy with a fix before it is started", async () => {
  const stack = await startStack({ environment });
  const source = await stack.readSas(await stack.upload("inbox/film.mp4", film));
  const destination = stack.blob("archive/film.mp4").url;
  const copy = await runCopy(stack, { source, destination, options: { tags: "source" } });
  expect(copy).toMatchObject({
    status: "failed",
    error: { cause: "source-unauthorized", fix: expect.stringContaining("(rt)") },
  });
  expect(countStarts(stack)).toBe(0);
});

test("sealBlob is sent for an append blob, and start rejects it for other blob types", async () => {
  const stack = await startStack();
  const block = await stack.upload("inbox/film.mp4", film);
  const append = new AppendBlobClient(block.url.replace("film.mp4", "log"), block.credential);
  await append.create();
  await append.appendBlock("line", 4);
  const destination = stack.blob("archive/log").url;
  const options = { sealBlob: true };
  expect(await runCopy(stack, { source: append.url, destination, options })).toMatchObject({
    status: "succeeded",
  });
  expect(startHeaders(stack)).toMatchObject({ "x-ms-seal-blob": "true" });
  expect((await stack.blob("archive/log").getProperties()).isSealed).toBe(true);

  const other = stack.blob("archive/film.mp4").url;
  expect(await runCopy(stack, { source: block.url, destination: other, options })).toMatchObject({
    status: "failed",
    error: { cause: "not-supported", message: expect.stringContaining("BlockBlob") },
  });
});

test("a page blob is copied as a page blob, with a page blob tier", async () => {
  const stack = await startStack();
  const block = await stack.upload("inbox/film.mp4", film);
  const page = new PageBlobClient(block.url.replace("film.mp4", "disk.vhd"), block.credential);
  await page.create(1_024);
  await page.uploadPages(Buffer.alloc(512, "x"), 0, 512);
  const destination = stack.blob("archive/disk.vhd");
  const wrong = { source: page.url, destination: destination.url, options: { tier: "Cool" } };
  expect(await runCopy(stack, wrong)).toMatchObject({ error: { cause: "not-supported" } });
  const right = { source: page.url, destination: destination.url, options: { tier: "P10" } };
  expect(await runCopy(stack, right)).toMatchObject({ status: "succeeded" });
  expect(startHeaders(stack)).toMatchObject({ "x-ms-access-tier": "P10" });
  expect(await destination.getProperties()).toMatchObject({
    blobType: "PageBlob",
    contentLength: 1_024,
  });
});

test("a destination of a different blob type is reported, and not overwritten", async () => {
  const stack = await startStack();
  const block = await stack.upload("inbox/film.mp4", film);
  const append = new AppendBlobClient(stack.blob("archive/log").url, block.credential);
  await append.create();
  const options = { overwrite: "always" };
  expect(
    await runCopy(stack, { source: block.url, destination: append.url, options }),
  ).toMatchObject({ error: { cause: "destination-type-mismatch" } });
  expect(countStarts(stack)).toBe(0);
});

test("a copy of an archived source stays pending during rehydration, and then succeeds", async () => {
  const stack = await startStack();
  const source = await stack.upload("inbox/film.mp4", film);
  await source.setAccessTier("Archive");
  const destination = stack.blob("archive/film.mp4");
  const body = { source: source.url, destination: destination.url };
  expect(await runCopy(stack, body)).toMatchObject({ error: { cause: "source-archived" } });

  const options = { tier: "Hot", rehydratePriority: "Standard" };
  const { id } = await stack.start({ ...body, options });
  expect(startHeaders(stack)).toMatchObject({
    "x-ms-access-tier": "Hot",
    "x-ms-rehydrate-priority": "Standard",
  });
  await stack.clock.advance(14 * 3_600_000);
  expect(await stack.get(id)).toMatchObject({ status: "copying", copyStatus: "pending" });
  expect(await stack.untilEnded(id, 12)).toMatchObject({ status: "succeeded" });
  expect((await destination.downloadToBuffer()).equals(film)).toBe(true);
});

test.each<[object, (etag: string) => object]>([
  [{ ends: "succeeded" }, (etag) => ({ sourceConditions: { ifMatch: etag } })],
  [{ ends: "succeeded" }, (etag) => ({ sourceConditions: { ifMatch: etag.replaceAll('"', "") } })],
  [{ ends: "succeeded" }, () => ({ sourceConditions: { ifNoneMatch: '"0x0"' } })],
  [{ ends: "succeeded" }, () => ({ sourceConditions: { ifTags: "\"team\" = 'a'" } })],
  [
    { ends: "succeeded" },
    () => ({ sourceConditions: { ifUnmodifiedSince: "2026-11-20T12:00:00Z" } }),
  ],
  [
    { ends: "succeeded" },
    () => ({ sourceConditions: { ifModifiedSince: "2026-11-20T11:59:59Z" } }),
  ],
  [{ unmet: "ifMatch" }, () => ({ sourceConditions: { ifMatch: '"0x0"' } })],
  [{ unmet: "ifNoneMatch" }, (etag) => ({ sourceConditions: { ifNoneMatch: etag } })],
  [{ unmet: "ifNoneMatch" }, () => ({ sourceConditions: { ifNoneMatch: "*" } })],
  [
    { unmet: "ifModifiedSince" },
    () => ({ sourceConditions: { ifModifiedSince: "2026-11-20T12:00:00Z" } }),
  ],
  [
    { unmet: "ifUnmodifiedSince" },
    () => ({ sourceConditions: { ifUnmodifiedSince: "2026-11-20T11:59:59Z" } }),
  ],
  [
    { unmet: "ifModifiedSince" },
    () => ({
      overwrite: "always",
      destinationConditions: { ifModifiedSince: "2026-11-20T12:00:00Z" },
    }),
  ],
  [
    { unmet: "ifUnmodifiedSince" },
    () => ({
      overwrite: "always",
      destinationConditions: { ifUnmodifiedSince: "2026-11-20T11:59:59Z" },
    }),
  ],
  [{ unmet: "ifTags" }, () => ({ sourceConditions: { ifTags: "\"team\" = 'b'" } })],
  [
    { unmet: "ifMatch" },
    () => ({ overwrite: "always", destinationConditions: { ifMatch: '"0x0"' } }),
  ],
  [
    { unmet: "ifNoneMatch" },
    () => ({ overwrite: "always", destinationConditions: { ifNoneMatch: "*" } }),
  ],
  [
    { unmet: "ifTags" },
    () => ({ overwrite: "always", destinationConditions: { ifTags: "\"shelf\" = '8'" } }),
  ],
  [
    { ends: "succeeded" },
    () => ({ overwrite: "always", destinationConditions: { ifTags: "\"shelf\" = '7'" } }),
  ],
])("the caller's conditions lead to %o", async (expected, optionsOf) => {
  const { ends = "failed", unmet } = expected as { ends?: string; unmet?: string };
  const stack = await startStack();
  const source = await stack.upload("inbox/film.mp4", film);
  await source.setTags({ team: "a" });
  const options = optionsOf((await source.getProperties()).etag ?? "");
  const destination = stack.blob("archive/film.mp4");
  if ("overwrite" in options) await destination.upload("former", 6, { tags: { shelf: "7" } });
  const copy = await runCopy(stack, { source: source.url, destination: destination.url, options });
  expect(copy.status).toBe(ends);
  if (unmet === undefined) {
    const sent = startHeaders(stack);
    expect(sent).toHaveProperty("x-ms-source-if-match");
    const { sourceConditions, destinationConditions } = Object(options);
    expect(sent["x-ms-source-if-tags"]).toBe(sourceConditions?.ifTags);
    expect(sent["x-ms-if-tags"]).toBe(destinationConditions?.ifTags);
  } else {
    expect(copy.error).toMatchObject({
      cause: "condition-not-met",
      message: expect.stringContaining(unmet),
    });
    expect(countStarts(stack)).toBe(0);
  }
});

test("a leased destination is written and aborted with the caller's lease id", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 100 } });
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = await stack.upload("archive/film.mp4", "former");
  await destination.getBlobLeaseClient(leaseId).acquireLease(-1);
  const body = { source: source.url, destination: destination.url };
  expect(await runCopy(stack, { ...body, options: { overwrite: "always" } })).toMatchObject({
    error: { cause: "destination-leased" },
  });

  const options = { overwrite: "always", destinationLease: leaseId };
  const { id } = await stack.start({ ...body, options });
  await stack.clock.advance(10_000);
  await stack.call("POST", `/copies/${id}/abort`);
  expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "aborted", copyStatus: "aborted" });
  const { requests } = stack.local.emulator;
  const abort = requests.find(({ operation }) => operation === "AbortCopyBlob");
  const started = requests.filter(({ operation }) => operation === "CopyBlob").at(-1);
  expect([started, abort].map((each) => each?.headers["x-ms-lease-id"])).toEqual([
    leaseId,
    leaseId,
  ]);
  expect(stack.log.map((entry) => JSON.stringify(entry)).join("\n")).not.toContain(leaseId);
});

test("a leased destination is also rolled back with the caller's lease id", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 100 } });
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = await stack.upload("archive/film.mp4", "former");
  await destination.getBlobLeaseClient(leaseId).acquireLease(-1);
  const options = { overwrite: "always", rollback: "snapshot", destinationLease: leaseId };
  const { id } = await stack.start({ source: source.url, destination: destination.url, options });
  await stack.clock.advance(10_000);
  stack.local.emulator.copies.fail({ container: "archive", blob: "film.mp4" });
  expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "failed", residue: [] });
  expect((await destination.downloadToBuffer()).toString()).toBe("former");
});
