import { ContainerSASPermissions } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { Sas } from "../../../src/copy/location/sas.ts";
import { jobStatusOf, totalsOf } from "../../../src/jobs/decisions/job-status.ts";
import { withAbort, withPause, withResume } from "../../../src/jobs/decisions/wanted.ts";
import type { WantedChange } from "../../../src/jobs/decisions/wanted.ts";
import type { JobRecord } from "../../../src/jobs/contract/job-record.ts";
import { folderOf } from "../../../src/jobs/request/places.ts";
import { createSeal } from "../../../src/secrets/seal.ts";
import { createJobRuns } from "../../support/jobs/job-runs.ts";
import type { Calls } from "../../support/jobs/job-runs.ts";
import { day, startStorage } from "../../support/stack/emulator.ts";

/*
 * The key of one of a job's SAS is lost: only the steps that call Storage with that SAS wait, and they do not wait
 * forever.
 */

const hour = day / 24;
const rest = hour / 20;
const objects = 6;
const [key, otherKey] = [Buffer.alloc(32, "a"), Buffer.alloc(32, "b")];
const names = Array.from({ length: objects }, (_, index) => `${index}.txt`);

type Field = "source" | "destination";

/** A job of three pages, with a SAS on one side. Its first run starts two objects, whose copies stay pending. */
async function setStage(field: Field, { isStarted = true } = {}) {
  const storage = await startStorage({ copies: { bytesPerSecond: 0 } });
  const { service, clock } = storage;
  for (const name of ["inbox", "archive"]) await service.createContainer(name);
  for (const name of names) {
    // Copy Blob From URL, which leaves no copy pending, copies only block blobs.
    const blob = service.getContainerClient("inbox").getAppendBlobClient(name);
    await blob.create();
    await blob.appendBlock("content", 7);
  }
  const runs = createJobRuns(storage, { pageSize: 2 });
  const url = service.url.replace(/\/$/, "");
  const [source, destination] = [`${url}/inbox/`, `${url}/archive/`];
  const id = await runs.request({ source, destination, concurrency: 1 });
  const sealWith = async (side: Field, own: Buffer) => {
    const signed = await service
      .getContainerClient(side === "source" ? "inbox" : "archive")
      .generateSasUrl({
        permissions: ContainerSASPermissions.parse("racwdl"),
        expiresOn: new Date(clock.now() + 30 * day),
      });
    const sas = new Sas(new URL(signed).search.slice(1));
    await runs.change(id, (record) => {
      const endpoint = folderOf(record.input[side]);
      const place = { instanceId: id, field: `${side}Sas`, endpoint } as const;
      const sealed = createSeal([own]).seal?.(sas, place) ?? null;
      return { ...record, input: { ...record.input, [`${side}Sas`]: sealed } };
    });
  };
  await sealWith(field, key);
  // A SAS on the destination cannot read the source.
  if (field === "destination") await sealWith("source", otherKey);
  const useKeys = (...keys: Buffer[]) => {
    runs.deps.seal = createSeal(keys);
  };
  useKeys(otherKey, key);
  const slow: Calls = async (name, call) => {
    if (name === "startCopy") await clock.advance(25_000);
    return await call();
  };
  if (isStarted) expect((await runs.run(id, slow)).kind).toBe("again");
  const archive = service.getContainerClient("archive");
  return {
    runs,
    id,
    clock,
    record: () => runs.record(id),
    loseKey: () => useKeys(otherKey),
    restoreKey: () => useKeys(otherKey, key),
    finish: (...done: string[]) => {
      for (const blob of done) storage.emulator.copies.finish({ container: "archive", blob });
    },
    async order(change: (record: JobRecord) => WantedChange) {
      await runs.change(id, (record) => {
        const made = change(record);
        return made.kind === "changed" ? made.record : null;
      });
    },
    /** Runs the job until it is done, but at most for this time (ms). */
    async work(ms: number) {
      const limit = clock.now() + ms;
      for (;;) {
        const result = await runs.run(id);
        if (result.kind === "done" || clock.now() >= limit) return result;
        // A job that waits tries again each minute; an app that was stopped tries later.
        const until =
          result.kind === "wait" ? Math.max(result.until, clock.now() + rest) : clock.now();
        await clock.advance(Math.max(0, Math.min(until, limit) - clock.now()));
      }
    },
    async left() {
      const found: string[] = [];
      for await (const { name } of archive.listBlobsFlat()) found.push(name);
      return found;
    },
  };
}

const warningOf = (field: Field) =>
  new RegExp(
    `^Cannot open the sealed ${field}Sas because COPY_SECRET_KEYS does not contain its key`,
  );

test("without the key of its source, a job pauses immediately, and continues when the key is back", async () => {
  const { runs, id, loseKey, restoreKey, order, record } = await setStage("source");
  loseKey();
  await order(withPause);
  expect(await runs.run(id)).toMatchObject({ kind: "done" });
  expect(jobStatusOf(await record())).toBe("paused");
  restoreKey();
  await order(withResume);
  expect((await runs.run(id)).kind).toBe("wait");
  expect(totalsOf(await record()).pending.objects).toBe(objects);
});

test("without the key of its source, a job that has started all of its objects ends without a warning", async () => {
  const { runs, id, finish, loseKey, record, work } = await setStage("source");
  expect((await runs.run(id)).kind).toBe("wait");
  expect(totalsOf(await record()).pending.objects).toBe(objects);
  loseKey();
  finish(...names);
  expect(await work(day)).toMatchObject({ kind: "done" });
  expect(await record()).toMatchObject({ end: { status: "succeeded" }, warning: null });
});

test("without the key of its source, a job can be aborted, which leaves no copy and no empty blob", async () => {
  const { loseKey, order, record, work, left } = await setStage("source");
  expect(await left()).toEqual(names.slice(0, 2));
  loseKey();
  await order(withAbort);
  await work(10 * 60_000);
  expect(await record()).toMatchObject({
    end: { status: "aborted", error: null },
    done: { aborted: 2, failed: {}, notStarted: 0, pending: { objects: 0 } },
  });
  expect(await left()).toEqual([]);
});

test("without the key of its source, a job polls its pending copies and starts no other; it continues when the key is back", async () => {
  const { runs, id, loseKey, restoreKey, record, work, finish, left } = await setStage("source");
  loseKey();
  await runs.run(id);
  expect((await record()).warning).toMatch(warningOf("source"));
  finish("0.txt", "1.txt");
  expect((await work(6 * hour)).kind).toBe("wait");
  const waiting = await record();
  expect(totalsOf(waiting)).toMatchObject({ copied: { objects: 2 }, pending: { objects: 0 } });
  expect(waiting.warning).toMatch(warningOf("source"));
  expect(await left()).toEqual(names.slice(0, 2));
  restoreKey();
  await runs.run(id);
  expect(await record()).toMatchObject({ warning: null, sealedSince: {} });
  finish(...names.slice(2));
  await work(6 * hour);
  expect(await record()).toMatchObject({
    end: { status: "succeeded" },
    done: { copied: { objects } },
  });
});

test.each(["source", "destination"] as const)(
  "a job that cannot start a copy for nine hours without the key of its %s fails with that cause, and frees its destination",
  async (field) => {
    const { runs, loseKey, record, work } = await setStage(field, { isStarted: false });
    loseKey();
    expect((await work(8.9 * hour)).kind).toBe("wait");
    expect(await record()).toMatchObject({ end: null, stopped: null });
    expect((await record()).warning).toMatch(warningOf(field));
    expect((await work(0.2 * hour)).kind).toBe("done");
    const { end } = await record();
    expect(end).toMatchObject({ status: "failed", error: { cause: "internal" } });
    expect(end?.error?.message).toMatch(warningOf(field));
    expect(end?.error?.fix).toMatch(/^Add that key to COPY_SECRET_KEYS again/);
    expect(await runs.ledger.jobs.active.list()).toEqual([]);
  },
);

test("the time of a paused job does not count", async () => {
  const { loseKey, order, work, clock, record } = await setStage("source");
  loseKey();
  await work(8 * hour);
  await order(withPause);
  expect((await work(60_000)).kind).toBe("done");
  await clock.advance(8 * hour);
  await order(withResume);
  expect((await work(8 * hour)).kind).toBe("wait");
  expect(await record()).toMatchObject({ stopped: null });
});

test("a copy that is pending when a job stops waiting for the key of its source keeps its result", async () => {
  const { loseKey, record, work, finish } = await setStage("source");
  loseKey();
  expect((await work(10 * hour)).kind).toBe("wait");
  finish("0.txt", "1.txt");
  expect((await work(6 * hour)).kind).toBe("done");
  expect(await record()).toMatchObject({
    end: { status: "failed", error: { cause: "internal" } },
    done: { copied: { objects: 2 }, failed: {} },
  });
});

test("without the key of its destination, an abort waits with a warning, and is sent when the key is back", async () => {
  const { runs, id, loseKey, restoreKey, order, record, work, left } =
    await setStage("destination");
  loseKey();
  await order(withAbort);
  expect(await work(8 * hour)).toMatchObject({ kind: "wait" });
  expect((await record()).warning).toMatch(warningOf("destination"));
  restoreKey();
  await runs.run(id);
  await work(10 * 60_000);
  expect(await record()).toMatchObject({
    end: { status: "aborted" },
    done: { aborted: 2, failed: {} },
  });
  expect(await left()).toEqual([]);
});

test("without the key of its destination, an abort ends the job after nine hours, and reports the copies that it could not abort", async () => {
  const { runs, loseKey, order, record, work, left } = await setStage("destination");
  loseKey();
  await order(withAbort);
  expect((await work(8.9 * hour)).kind).toBe("wait");
  expect((await work(0.2 * hour)).kind).toBe("done");
  const ended = await record();
  expect(ended).toMatchObject({
    end: { status: "aborted" },
    done: { failed: { internal: 2 }, aborted: 0, pending: { objects: 0 } },
  });
  expect(ended.failures.map(({ message }) => message)[0]).toMatch(
    /^Cannot abort the copy; it may still be running, or may have succeeded: Cannot open the sealed destinationSas/,
  );
  expect(await left()).toEqual(names.slice(0, 2));
  expect(await runs.ledger.jobs.active.list()).toEqual([]);
});

test("an abort after nine hours without the key of the destination reports a start without a known result", async () => {
  const { runs, id, loseKey, order, record, work } = await setStage("destination", {
    isStarted: false,
  });
  // The run dies after Storage has executed its first start.
  let onDeath = () => {};
  const death = new Promise<void>((resolve) => {
    onDeath = resolve;
  });
  void runs.run(id, async (name, call) => {
    const result = await call();
    if (name !== "startCopy") return result;
    onDeath();
    return await new Promise<never>(() => {});
  });
  await death;
  loseKey();
  await order(withAbort);
  expect((await work(8.9 * hour)).kind).toBe("wait");
  expect((await work(0.2 * hour)).kind).toBe("done");
  const { end, failures } = await record();
  expect(end).toMatchObject({ status: "aborted" });
  expect(failures[0]?.message).toMatch(
    /^Cannot determine whether the copy was started: Cannot open the sealed destinationSas/,
  );
});

test("without the key of its destination, a job waits for its pending copies, and continues when the key is back", async () => {
  const { loseKey, restoreKey, record, work, finish } = await setStage("destination");
  loseKey();
  finish("0.txt", "1.txt");
  expect((await work(8 * hour)).kind).toBe("wait");
  const waiting = await record();
  expect(waiting.warning).toMatch(warningOf("destination"));
  expect(totalsOf(waiting).pending.objects).toBe(2);
  restoreKey();
  await work(60_000);
  finish(...names.slice(2));
  await work(6 * hour);
  expect(await record()).toMatchObject({ end: { status: "succeeded" }, warning: null });
});
