import type { BlockBlobClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { placeUrl, startJob, untilJobEnded } from "../../support/jobs/stack-jobs.ts";
import { createStackFiles } from "../../support/stack/stack-files.ts";
import { hour, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * `archive/a.txt` had the same content as `backup/a.txt`. A copy onto it has failed or was aborted, and left it empty.
 * The empty blob is newer than the backup, and must not be copied over it.
 */

const where = { container: "archive", blob: "a.txt" };
const modes = ["fail", "skip", "if-newer", "always"] as const;
const second = 1_000;

async function setStage(settings: Record<string, string> = {}) {
  const stack = await startStack({
    settings,
    copies: { finishOnStart: "never", bytesPerSecond: 10_000 },
  });
  const archived = await stack.upload("archive/a.txt", "good content");
  await stack.clock.advance(hour);
  const backup = await stack.upload("backup/a.txt", "good content");
  await stack.clock.advance(hour);
  const incoming = await stack.upload("inbox/a.txt", Buffer.alloc(10_000_000));
  return { stack, archived, backup, incoming };
}

type Stage = Awaited<ReturnType<typeof setStage>>;

/** Another client's copy leaves the archive empty. */
async function emptyArchive({ stack, archived, incoming }: Stage, how: "failed" | "aborted") {
  const poller = await archived.beginCopyFromURL(incoming.url);
  const { copyId = "" } = poller.getOperationState() as { copyId?: string }; // missing in its type
  if (how === "aborted") await archived.abortCopyFromURL(copyId);
  else stack.local.emulator.copies.fail(where);
  expect(await archived.getProperties()).toMatchObject({ contentLength: 0, copyStatus: how });
}

const textOf = async (blob: BlockBlobClient) => (await blob.downloadToBuffer()).toString();

const onto = (backup: BlockBlobClient, overwrite: string) => ({
  destination: backup.url,
  options: { overwrite },
});

function backupJob(stack: TestStack, overwrite: string) {
  const [source, destination] = [placeUrl(stack, "archive/"), placeUrl(stack, "backup/")];
  return { source, destination, options: { overwrite } };
}

const cases = modes.flatMap((mode) => [[mode, "failed"] as const, [mode, "aborted"] as const]);

test.each(cases)(
  "with overwrite %s, a copy does not copy the empty blob of an unsuccessful copy (%s)",
  async (...of) => {
    const stage = await setStage();
    const { stack, archived, backup } = stage;
    const [overwrite, how] = of;
    await emptyArchive(stage, how);
    const { id } = await stack.start({ source: archived.url, ...onto(backup, overwrite) });
    const what = how === "aborted" ? "was aborted" : "failed";
    expect(await stack.untilEnded(id)).toMatchObject({
      status: "failed",
      error: {
        cause: "source-copy-failed",
        message: `Cannot copy the source because a copy onto it ${what} and left it empty: ${archived.url}`,
        retryable: true,
      },
    });
    expect(await textOf(backup)).toBe("good content");
  },
);

test.each(cases)(
  "with overwrite %s, a job does not copy the empty blob of an unsuccessful copy (%s)",
  async (...of) => {
    const stage = await setStage();
    const { stack, archived, backup } = stage;
    const [overwrite, how] = of;
    await emptyArchive(stage, how);
    const dry = await startJob(stack, { ...backupJob(stack, overwrite), dryRun: true });
    expect(await untilJobEnded(stack, dry.id)).toMatchObject({ status: "planned" });
    expect((await stack.call("POST", `/jobs/${dry.id}/start`)).status).toBe(202);
    const refused = {
      status: "failed",
      objects: { copied: 0, failed: 1 },
      failedByCause: { "source-copy-failed": 1 },
    };
    expect(await untilJobEnded(stack, dry.id)).toMatchObject(refused);
    const job = await startJob(stack, backupJob(stack, overwrite));
    expect(await untilJobEnded(stack, job.id)).toMatchObject(refused);
    expect(await textOf(backup)).toBe("good content");
    // With content again, it is copied as usual.
    await archived.upload("newer", 5);
    const again = await startJob(stack, backupJob(stack, "always"));
    expect(await untilJobEnded(stack, again.id)).toMatchObject({ status: "succeeded" });
    expect(await textOf(backup)).toBe("newer");
  },
);

test("a copy along a route does not copy what a failed copy left", async () => {
  const account = "http://127.0.0.1:10000/devstoreaccount1";
  const route = {
    name: "backup",
    source: `${account}/archive`,
    destination: `${account}/backup/{path}`,
    options: { overwrite: "if-newer" },
  };
  const stage = await setStage({ COPY_ROUTES: JSON.stringify([route]) });
  const { stack, archived, backup } = stage;
  await emptyArchive(stage, "failed");
  const { id } = await stack.start({ source: archived.url, route: "backup" });
  expect(await stack.untilEnded(id)).toMatchObject({ error: { cause: "source-copy-failed" } });
  expect(await textOf(backup)).toBe("good content");
});

/** A copy by Ferry onto the archive, which Storage fails, and which will restore the content at its next poll. */
async function failWithRollback({ stack, archived, incoming }: Stage) {
  const options = { overwrite: "always", rollback: "snapshot" };
  const body = { source: incoming.url, destination: archived.url, options };
  const { id } = await stack.start(body);
  stack.local.emulator.copies.fail(where);
  return id;
}

test("a copy that was refused because of a stub copies the restored content when it is retried", async () => {
  const stage = await setStage();
  const { stack, archived, backup } = stage;
  const rolledBack = await failWithRollback(stage);
  const { id } = await stack.start({ source: archived.url, ...onto(backup, "if-newer") });
  await stack.clock.advance(0);
  expect((await stack.call("GET", `/copies/${id}`)).json).toMatchObject({
    error: { cause: "source-copy-failed" },
  });
  expect(await stack.untilEnded(rolledBack)).toMatchObject({ status: "failed", residue: [] });
  expect(await textOf(archived)).toBe("good content");
  await backup.delete();
  const { json } = await stack.call("POST", `/copies/${id}/retry`);
  expect(await stack.untilEnded(json.id)).toMatchObject({ status: "succeeded" });
  expect(await textOf(backup)).toBe("good content");
});

test("a job that selects a stub reports its object as failed, and a job after the rollback copies the restored content", async () => {
  const stage = await setStage();
  const { stack, backup } = stage;
  const rolledBack = await failWithRollback(stage);
  await backup.delete();
  const job = await startJob(stack, backupJob(stack, "if-newer"));
  expect(await untilJobEnded(stack, job.id)).toMatchObject({
    failedByCause: { "source-copy-failed": 1 },
  });
  expect(await backup.exists()).toBe(false);
  await stack.untilEnded(rolledBack);
  const again = await startJob(stack, backupJob(stack, "if-newer"));
  expect(await untilJobEnded(stack, again.id)).toMatchObject({ objects: { copied: 1 } });
  expect(await textOf(backup)).toBe("good content");
});

test("a copy that waits for the copy onto its source is refused when that copy fails", async () => {
  const { stack, archived, backup, incoming } = await setStage();
  await archived.beginCopyFromURL(incoming.url);
  const { id } = await stack.start({ source: archived.url, ...onto(backup, "always") });
  await stack.clock.advance(10 * second);
  expect((await stack.call("GET", `/copies/${id}`)).json).toMatchObject({
    status: "queued",
    warning: expect.stringContaining("another copy onto the source"),
  });
  stack.local.emulator.copies.fail(where);
  expect(await stack.untilEnded(id)).toMatchObject({ error: { cause: "source-copy-failed" } });
  expect(await textOf(backup)).toBe("good content");
});

/** The start of the next copy onto the backup is not served for 30 s. */
function delayStart({ stack }: Stage) {
  const busy = { status: 503, code: "ServerBusy", headers: { "retry-after": "30" } };
  stack.local.emulator.faults.add({
    operation: "CopyBlob",
    match: ({ target }: { target: string }) => target.includes("/backup/a.txt"),
    times: 1,
    do: { response: busy },
  });
}

test("a source that becomes a stub between the plan and the start is not copied, because its ETag has changed", async () => {
  const stage = await setStage();
  const { stack, archived, backup } = stage;
  delayStart(stage);
  const { id } = await stack.start({ source: archived.url, ...onto(backup, "always") });
  await stack.clock.advance(second);
  await emptyArchive(stage, "failed");
  expect(await stack.untilEnded(id)).toMatchObject({ error: { cause: "source-copy-failed" } });
  delayStart(stage);
  await archived.upload("good content", 12);
  const job = await startJob(stack, backupJob(stack, "always"));
  await emptyArchive(stage, "failed");
  expect(await untilJobEnded(stack, job.id)).toMatchObject({
    failedByCause: { "source-changed": 1 },
  });
  expect(await textOf(backup)).toBe("good content");
});

test("a snapshot of a stub is not copied; the snapshot of the content before it is", async () => {
  const stage = await setStage();
  const { stack, archived, backup } = stage;
  const before = await archived.createSnapshot();
  await emptyArchive(stage, "failed");
  const after = await archived.createSnapshot();
  const copyOf = async (snapshot = "none") => {
    const source = `${archived.url}?snapshot=${encodeURIComponent(snapshot)}`;
    return await stack.untilEnded((await stack.start({ source, ...onto(backup, "always") })).id);
  };
  expect(await copyOf(after.snapshot)).toMatchObject({ error: { cause: "source-copy-failed" } });
  expect(await textOf(backup)).toBe("good content");
  expect(await copyOf(before.snapshot)).toMatchObject({ status: "succeeded" });
});

test("a version that is a stub is not copied; the version with content is", async () => {
  const stage = await setStage();
  const { stack, archived, backup } = stage;
  stack.local.emulator.accountSettings("devstoreaccount1").versioning = true;
  const { versionId: good = "" } = await archived.upload("good content", 12);
  await emptyArchive(stage, "aborted");
  const { versionId: stub = "" } = await archived.getProperties();
  await archived.upload("newer", 5);
  const copyOf = async (version: string) => {
    const source = `${archived.url}?versionid=${encodeURIComponent(version)}`;
    return await stack.untilEnded((await stack.start({ source, ...onto(backup, "always") })).id);
  };
  expect(await copyOf(stub)).toMatchObject({ error: { cause: "source-copy-failed" } });
  expect(await textOf(backup)).toBe("good content");
  expect(await copyOf(good)).toMatchObject({ status: "succeeded" });
});

test("the empty file that an aborted copy left is not copied", async () => {
  const stack = await startStack({ secure: true, copies: { bytesPerSecond: 10_000 } });
  const files = createStackFiles(stack);
  const backup = await stack.upload("backup/a.txt", "good content");
  const incoming = await stack.upload("inbox/a.txt", Buffer.alloc(1_000_000));
  const file = await files.upload("shelf/a.txt", Buffer.from("good content"));
  const body = { source: incoming.url, destination: file.url, options: { overwrite: "always" } };
  const { id } = await stack.start(body);
  await stack.clock.advance(10 * second);
  await stack.call("POST", `/copies/${id}/abort`);
  await stack.untilEnded(id);
  expect(await file.getProperties()).toMatchObject({ contentLength: 0, copyStatus: "aborted" });
  const copy = await stack.start({ source: file.url, ...onto(backup, "always") });
  expect(await stack.untilEnded(copy.id)).toMatchObject({ error: { cause: "source-copy-failed" } });
  expect(await textOf(backup)).toBe("good content");
});

test("an empty blob that a successful copy, or a client, wrote is copied", async () => {
  const stack = await startStack({ copies: { finishOnStart: "always" } });
  const empty = await stack.upload("inbox/a.txt", "");
  const archived = await stack.upload("archive/a.txt", "x");
  const backup = await stack.upload("backup/a.txt", "good content");
  for (const [source, target] of [
    [empty, archived],
    [archived, backup],
  ] as const) {
    const { id } = await stack.start({ source: source.url, ...onto(target, "always") });
    expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  }
  expect(await textOf(backup)).toBe("");
});
