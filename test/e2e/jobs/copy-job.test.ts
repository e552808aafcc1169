import { expect, test } from "vitest";
import { causes } from "../../../src/copy/contract/failure.ts";
import {
  containerSas,
  getJob,
  inboxJob,
  placeUrl,
  reportPairs,
  startJob,
  untilJobEnded,
} from "../../support/jobs/stack-jobs.ts";
import { secondAccount, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const immediately = { copies: { finishOnStart: "always" } } as const;

async function fill(stack: TestStack, names: readonly string[], account?: string) {
  for (const name of names) await stack.upload(`inbox/${name}`, `of ${name}`, account);
}

const textOf = async (stack: TestStack, path: string) =>
  (await stack.blob(path).downloadToBuffer()).toString();

test("a job within an account copies every blob below its source, and no other", async () => {
  const stack = await startStack(immediately);
  await fill(stack, ["2026/a.txt", "2026/b/ü ?%.txt", "2026/b/c.txt", "2025/d.txt", "2026x"]);
  const body = inboxJob(stack, {
    source: placeUrl(stack, "inbox/2026"),
    destination: placeUrl(stack, "archive/old/"),
  });
  const response = await stack.call("POST", "/jobs", { body });
  expect(response.status).toBe(202);
  const { id } = response.json;
  expect(response.headers.get("location")).toBe(`${stack.local.host.url}/api/jobs/${id}`);
  expect(response.json).toMatchObject({
    status: "running",
    source: placeUrl(stack, "inbox/2026/"),
  });

  const job = await untilJobEnded(stack, id);
  expect(job).toMatchObject({
    status: "succeeded",
    objects: { planned: 3, copied: 3, pending: 0, skipped: 0, failed: 0, remaining: 0 },
    isPlanned: true,
    failures: [],
    error: null,
    reason: null,
  });
  expect(job.bytes).toEqual({ planned: job.bytes.copied, copied: job.bytes.planned });
  expect(await textOf(stack, "archive/old/b/ü ?%.txt")).toBe("of 2026/b/ü ?%.txt");
  const listed: string[] = [];
  for await (const { name } of stack.container("archive").listBlobsFlat()) listed.push(name);
  expect(listed).toEqual(["old/a.txt", "old/b/c.txt", "old/b/ü ?%.txt"]);
});

test("a job from another account copies with Copy Blob From URL, and without a SAS in the copy source", async () => {
  const stack = await startStack({ secure: true });
  await fill(stack, ["a.txt", "b.txt"], secondAccount);
  const source = placeUrl(stack, "inbox/", secondAccount);
  const { id } = await startJob(stack, inboxJob(stack, { source }));
  expect(await untilJobEnded(stack, id)).toMatchObject({
    status: "succeeded",
    objects: { copied: 2 },
  });
  const { copySource, copyStatus } = await stack.blob("archive/a.txt").getProperties();
  expect(copyStatus).toBe("success");
  expect(copySource).toBe(`${source}a.txt`);
  const starts = stack.local.emulator.requests.filter(
    ({ headers }) => "x-ms-copy-source" in headers,
  );
  expect(starts.map(({ headers }) => headers["x-ms-requires-sync"])).toEqual(["true", "true"]);
});

test("a caller's SAS for the source container is sealed, and used for each object", async () => {
  const key = Buffer.alloc(32, 7).toString("base64");
  const stack = await startStack({ ...immediately, environment: { COPY_SECRET_KEYS: key } });
  await fill(stack, ["a.txt", "b.txt"], secondAccount);
  const sas = await containerSas(stack, secondAccount);
  const source = `${placeUrl(stack, "inbox", secondAccount)}?${sas}`;
  const { id } = await startJob(stack, inboxJob(stack, { source }));
  const job = await untilJobEnded(stack, id);
  expect(job).toMatchObject({ status: "succeeded", objects: { copied: 2 } });
  expect(JSON.stringify(job)).not.toContain("sig=");
  const ledger = stack.container("ferry-ledger");
  for await (const { name } of ledger.listBlobsFlat()) {
    const text = (await ledger.getBlobClient(name).downloadToBuffer()).toString();
    expect(text).not.toContain("sig=");
  }
});

test("pending copies are polled by listing until Storage has completed them", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1 } });
  const names = Array.from({ length: 8 }, (_, index) => `${index}.txt`);
  await fill(stack, names);
  const { id } = await startJob(stack, inboxJob(stack));
  const pending = await getJob(stack, id);
  expect(pending.objects).toMatchObject({ planned: 8, pending: 8, copied: 0 });
  const job = await untilJobEnded(stack, id);
  expect(job).toMatchObject({ status: "succeeded", objects: { copied: 8, pending: 0 } });
  const { requests } = stack.local.emulator;
  const reads = requests.filter(
    ({ url, operation }) => url.includes("/archive/") && operation === "GetBlobProperties",
  );
  expect(reads).toEqual([]);
});

test("a copy that Storage fails is a failed object, and its empty blob is removed", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 0 } });
  await fill(stack, ["a.txt", "b.txt"]);
  const { id } = await startJob(stack, inboxJob(stack));
  stack.local.emulator.copies.fail({ container: "archive", blob: "a.txt" });
  stack.local.emulator.copies.finish({ container: "archive", blob: "b.txt" });
  const job = await untilJobEnded(stack, id);
  expect(job).toMatchObject({
    status: "failed",
    objects: { copied: 1, failed: 1 },
    failedByCause: { "source-unreadable": 1 },
    failures: [{ name: "a.txt", cause: "source-unreadable", fix: causes["source-unreadable"].fix }],
    error: { cause: "objects-failed" },
  });
  expect(await stack.blob("archive/a.txt").exists()).toBe(false);
});

test("the report has one line for each object, and a manifest with the totals", async () => {
  const stack = await startStack({ ...immediately, settings: reportPairs });
  await fill(stack, ["a.txt", "b.txt"]);
  await stack.upload("archive/b.txt", "exists");
  await stack.blob("inbox/a.txt").setTags({ team: "x" });
  await stack.container("reports").create();
  const report = placeUrl(stack, "reports/jobs");
  const { id } = await startJob(stack, inboxJob(stack, { report }));
  const job = await untilJobEnded(stack, id);
  expect(job).toMatchObject({
    status: "failed",
    report: `${report}/${id}/`,
    notCarried: { tags: 1 },
  });
  const lines = (await textOf(stack, `reports/jobs/${id}/part-000001.jsonl`)).trimEnd().split("\n");
  const [copied, failed] = lines.map((line) => JSON.parse(line));
  const { copyId } = await stack.blob("archive/a.txt").getProperties();
  expect(copied).toMatchObject({
    outcome: "copied",
    source: placeUrl(stack, "inbox/a.txt"),
    destination: placeUrl(stack, "archive/a.txt"),
    engine: "copy-blob",
    copyId,
    bytes: 8,
    notCarried: ["tags"],
  });
  expect(failed).toMatchObject({ outcome: "failed", cause: "destination-exists", engine: null });
  expect(failed.fix).toContain("overwrite");
  const manifest = JSON.parse(await textOf(stack, `reports/jobs/${id}/manifest.json`));
  expect(manifest).toMatchObject({
    job: id,
    status: "failed",
    complete: true,
    totals: { objects: 2, copied: 1, failed: 1, skipped: 0 },
    notCarried: { tags: 1 },
    parts: [{ name: "part-000001.jsonl", lines: 2 }],
  });
});
