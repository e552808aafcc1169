import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sized } from "../../support/campaign-size.ts";
import { createJobRuns } from "../../support/jobs/job-runs.ts";
import { atEnd, startStorage } from "../../support/stack/emulator.ts";
import type { StorageEmulatorOptions } from "../../../src/local/storage/emulator.ts";
import { writeManyBlobs } from "../../support/stack/many-blobs.ts";

/*
 * Goal: a job costs at most 1.01 requests for each object if every copy completes in its start, and 1.02 if every copy
 * is pending for one poll. Method: a job of one page; every request that the emulator receives counts, including those
 * of the ledger.
 */

async function countRequests(objects: number, copies: StorageEmulatorOptions["copies"]) {
  const folder = mkdtempSync(join(tmpdir(), "ferry-budget-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "storage.sqlite");
  const names = Array.from({ length: objects }, (_, index) => `${index}`);
  writeManyBlobs(file, { account: "devstoreaccount1", container: "inbox", names });
  let requests = 0;
  const storage = await startStorage({
    file,
    ...(copies === undefined ? {} : { copies }),
    refuse: () => {
      requests++;
      return undefined;
    },
  });
  const { service } = storage;
  for (const name of ["archive", "reports", "ferry-ledger"]) await service.createContainer(name);
  const runs = createJobRuns(storage);
  const url = service.url.replace(/\/$/, "");
  requests = 0;
  const id = await runs.request({
    source: `${url}/inbox/`,
    destination: `${url}/archive/`,
    report: `${url}/reports/`,
  });
  const record = await runs.untilDone(id);
  expect(record).toMatchObject({ end: { status: "succeeded" }, done: { copied: { objects } } });
  return requests;
}

test("if every copy completes in its start, a job makes at most 1.01 requests for each object", async () => {
  const objects = sized({ small: 4_000, full: 5_000 });
  const requests = await countRequests(objects, { finishOnStart: "always" });
  expect(requests).toBeGreaterThan(objects);
  expect(requests).toBeLessThanOrEqual(objects * 1.01);
}, 300_000);

test("if every copy is pending for five seconds, a job makes at most 1.02 requests for each object", async () => {
  const objects = sized({ small: 3_000, full: 5_000 });
  const requests = await countRequests(objects, { finishOnStart: "never", startDelayMs: 5_000 });
  expect(requests).toBeLessThanOrEqual(objects * 1.02);
}, 300_000);
