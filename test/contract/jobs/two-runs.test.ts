import { expect, test } from "vitest";
import { createJobRuns } from "../../support/jobs/job-runs.ts";
import type { Calls } from "../../support/jobs/job-runs.ts";
import { startStorage } from "../../support/stack/emulator.ts";

/* Two concurrent runs of a page, in the order that is hardest to distinguish from another writer. */

async function setStage(overwrite = "fail") {
  const storage = await startStorage({ copies: { finishOnStart: "always" } });
  const { service } = storage;
  for (const name of ["inbox", "archive"]) await service.createContainer(name);
  const source = service.getContainerClient("inbox").getBlockBlobClient("a.txt");
  await source.upload("content", 7);
  const runs = createJobRuns(storage);
  const url = service.url.replace(/\/$/, "");
  const id = await runs.request({
    source: `${url}/inbox/`,
    destination: `${url}/archive/`,
    options: { overwrite },
  });
  const starts = () =>
    storage.emulator.requests.filter(
      ({ operation, status }) => operation === "CopyBlob" && status === 202,
    ).length;
  return { runs, id, source, starts, destination: service.getContainerClient("archive") };
}

/** Before its first start, a run waits for `work`. */
function beforeStart(work: () => Promise<unknown>): Calls {
  let isFirst = true;
  return async (name, call) => {
    if (name === "startCopy" && isFirst) {
      isFirst = false;
      await work();
    }
    return await call();
  };
}

test.each(["fail", "skip", "if-newer", "always"])(
  "with overwrite %s, a run that is refused because a second one, which then died, has started the object adopts its copy",
  async (overwrite) => {
    const { runs, id, destination, starts } = await setStage(overwrite);
    await runs.run(
      id,
      beforeStart(async () => {
        let onDeath = () => {};
        const death = new Promise<void>((resolve) => {
          onDeath = resolve;
        });
        const dying: Calls = async (name, call) => {
          const result = await call();
          if (name !== "startCopy") return result;
          onDeath();
          return await new Promise<never>(() => {});
        };
        void runs.run(id, dying);
        await death;
      }),
    );
    const record = await runs.untilDone(id);
    expect(record).toMatchObject({
      end: { status: "succeeded" },
      done: { copied: { objects: 1 }, failed: {} },
    });
    expect((await destination.getBlobClient("a.txt").getProperties()).copyStatus).toBe("success");
    expect(starts()).toBe(1);
  },
);

test("a run that is refused because another client has copied the same source does not adopt that copy", async () => {
  const { runs, id, source, destination } = await setStage();
  await runs.run(
    id,
    beforeStart(() => destination.getBlobClient("a.txt").beginCopyFromURL(source.url)),
  );
  expect(await runs.untilDone(id)).toMatchObject({
    end: { status: "failed" },
    done: { copied: { objects: 0 }, failed: { "destination-exists": 1 } },
  });
});

test("a second run that ends the job while the first waits for its start changes nothing for it", async () => {
  const { runs, id } = await setStage();
  let late: Promise<unknown> = Promise.resolve();
  const slow = beforeStart(async () => {
    late = runs.run(id);
    await late;
  });
  await runs.run(id, slow);
  const record = await runs.untilDone(id);
  expect(record).toMatchObject({
    end: { status: "succeeded" },
    donePages: 1,
    planned: { objects: 1 },
    done: { copied: { objects: 1 }, failed: {} },
  });
});
