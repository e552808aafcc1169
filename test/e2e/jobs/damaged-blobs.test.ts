import { expect, test } from "vitest";
import { getJob, inboxJob, startJob, untilJobEnded } from "../../support/jobs/stack-jobs.ts";
import { startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/* A blob of a job that an operator or a tool has damaged is named in an error with a fix, and affects nothing else. */

const damages = ["", "not json", "{}", "null", "[]", '{"jobs":[{"instanceId":"x"}]}'];

const problem = (name: string) =>
  `Cannot read the ledger in the app's own storage account because its blob ferry-ledger/${name} is damaged; restore an earlier version of the blob, or delete it while no copy or job that uses it is running`;

const errors = (stack: TestStack) =>
  stack.log.filter(({ level }) => level === "error").map(({ message }) => message);

test.each(damages)(
  "a list of active jobs that is %j is named, and stops only jobs",
  async (text) => {
    const stack = await startStack({ copies: { finishOnStart: "always" } });
    const source = await stack.upload("inbox/a.txt", "a");
    await stack.container("archive").createIfNotExists();
    const list = await stack.upload("ferry-ledger/active-jobs/list", text);
    const refused = await stack.call("POST", "/jobs", { body: inboxJob(stack) });
    expect(refused.status).toBe(503);
    expect(refused.json.detail).toContain(problem("active-jobs/list"));
    const { id } = await stack.start({
      source: source.url,
      destination: stack.blob("archive/b").url,
    });
    expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "succeeded" });
    await stack.clock.advance(3_600_000);
    expect(errors(stack)).toContain(`Cannot check the jobs: ${problem("active-jobs/list")}`);
    // The watchdog's last duty is that it emits its line.
    expect(errors(stack).filter((message) => message.startsWith("LedgerError"))).toEqual([]);
    await list.delete();
    const job = await startJob(stack, inboxJob(stack));
    expect(await untilJobEnded(stack, job.id)).toMatchObject({ status: "succeeded" });
  },
);

test.each(["", "not json", "{}", "null", '{"version":1,"input":{}}'])(
  "the record of a job that is %j is named, and other jobs are served",
  async (text) => {
    const stack = await startStack({ copies: { finishOnStart: "always" } });
    await stack.upload("inbox/a.txt", "a");
    await stack.container("archive").createIfNotExists();
    const first = await startJob(stack, inboxJob(stack));
    await untilJobEnded(stack, first.id);
    const names: string[] = [];
    for await (const { name } of stack.container("ferry-ledger").listBlobsFlat({ prefix: "jobs/" }))
      names.push(name);
    const [name = ""] = names;
    await stack.upload(`ferry-ledger/${name}`, text);
    const found = await stack.call("GET", `/jobs/${first.id}`);
    expect(found.status).toBe(503);
    expect(found.json.detail).toContain(problem(name));
    const second = await startJob(stack, inboxJob(stack, { options: { overwrite: "always" } }));
    expect(await untilJobEnded(stack, second.id)).toMatchObject({ status: "succeeded" });
    expect(await getJob(stack, second.id)).toMatchObject({ objects: { copied: 1 } });
  },
);
