import type { DurableClient } from "durable-functions";
import { expect, test } from "vitest";
import { toInstanceId } from "../../../src/copy/contract/ids.ts";
import { startJobInstance } from "../../../src/instances/start-job-instance.ts";
import type { JobRecord } from "../../../src/jobs/contract/job-record.ts";

const id = toInstanceId("019ca945-0a00-737c-b4e0-8c5f57761948");
const record = { generation: 1, input: {} } as JobRecord; // all that a refused start reads

/** Durable refuses the start, and responds with this to the read of the instance. */
const refusing = (getStatus: () => Promise<{ runtimeStatus: string }>) =>
  ({
    startNew: () => Promise.reject(new Error("replied with HTTP 409")),
    getStatus,
  }) as unknown as DurableClient; // the two methods that a start calls

test.each(["Pending", "Running", "Suspended", "Completed", "Failed", "Terminated"])(
  "the start of a job that another caller has started succeeds although its orchestration is %s",
  async (runtimeStatus) => {
    const client = refusing(() => Promise.resolve({ runtimeStatus }));
    await expect(startJobInstance(client, id, record)).resolves.toBeUndefined();
  },
);

test("the start of a job fails if Durable refuses it and has no instance", async () => {
  const client = refusing(() => Promise.reject(new Error("replied with HTTP 404")));
  await expect(startJobInstance(client, id, record)).rejects.toThrow(
    `Cannot start job ${id} because Durable did not respond as expected`,
  );
});
