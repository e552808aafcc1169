import { randomUUID } from "node:crypto";
import { Command, Option } from "commander";
import type { Ferry, Job, JobStatus } from "../../client/ferry.ts";
import { describeJob, describeJobItem, jobListHeader } from "../describe-job.ts";
import { exitCodes } from "../exit-codes.ts";
import { createJobFlags, readJobFields } from "../flags/job-flags.ts";
import { addSas, rejectSas } from "../secrets/sas.ts";
import type { SasFlags } from "../secrets/sas.ts";
import { jobs } from "../watch/jobs.ts";
import { startAndWatch } from "../watch/start.ts";
import { watch } from "../watch/watch.ts";
import { addLimit, addSasFlags, createCommand, forEach, printList } from "./command.ts";
import type { LimitFlags, Run, SharedFlags } from "./command.ts";

const statuses: readonly JobStatus[] = [
  "planning",
  "planned",
  "running",
  "pausing",
  "paused",
  "aborting",
  "succeeded",
  "failed",
  "aborted",
];

/** `ferry job …`: all blobs below one URL, as one thing. */
export function jobCommand(run: Run): Command {
  const command = new Command("job").description("copy all blobs below one URL, as one job");
  const order = (name: "abort" | "pause" | "resume", description: string) =>
    ofEach(run, name, description, async (ferry, id) => await ferry.jobs[name](id));
  for (const each of [
    startCommand(run),
    runCommand(run),
    listCommand(run),
    showCommand(run),
    waitCommand(run),
    order("abort", "abort jobs; copied objects stay"),
    order("pause", "pause jobs"),
    order("resume", "let paused jobs continue"),
    ofEach(run, "delete", "forget jobs that have ended", async (ferry, id) => {
      await ferry.jobs.delete(id);
      return null;
    }),
  ]) {
    command.addCommand(each);
  }
  return command;
}

type StartFlags = SharedFlags &
  SasFlags & { watch?: true; plan?: true; report?: string; idempotencyKey?: string };

function startCommand(run: Run): Command {
  const command = createCommand("start", "start a job")
    .argument("<source>", "URL of a container, or of a folder in one")
    .argument("<destination>", "the same, to write to")
    .option("-w, --watch", "show the progress until the job has ended")
    .option("--plan", "only plan the objects; run copies them later");
  addSasFlags(command);
  command.option("--idempotency-key <key>", "start it only once, however often this command runs");
  for (const { option } of createJobFlags()) command.addOption(option);
  return command.action((source: string, destination: string, flags: StartFlags) =>
    run(flags, async (context) => {
      if (flags.report !== undefined) rejectSas(flags.report);
      const sides = await addSas({ source, destination }, flags, context.shell);
      const request = { ...readJobFields(flags), destination, ...sides };
      const key = flags.idempotencyKey ?? randomUUID();
      const action = flags.plan === true ? "plan" : "start";
      return await startAndWatch(context, flags, {
        subject: jobs,
        start: (signal) => context.connect().jobs[action](request, { idempotencyKey: key, signal }),
        findOut: `repeat the command with --idempotency-key ${key}`,
      });
    }),
  );
}

function runCommand(run: Run): Command {
  return createCommand("run", "let a planned job copy the objects of its plan")
    .argument("<id>", "id of the job")
    .option("-w, --watch", "show the progress until the job has ended")
    .action((id: string, flags: SharedFlags & { watch?: true }) =>
      run(flags, (context) =>
        startAndWatch(context, flags, {
          subject: jobs,
          start: (signal) => context.connect().jobs.startPlanned(id, { signal }),
          findOut: `run ferry job show ${id}`,
        }),
      ),
    );
}

function listCommand(run: Run): Command {
  const command = createCommand("list", "list jobs, the newest first").addOption(
    new Option("--status <status>", "only jobs with this status").choices(statuses),
  );
  return addLimit(command, "jobs").action(
    (flags: SharedFlags & LimitFlags & { status?: JobStatus }) =>
      run(flags, async ({ connect, output }) => {
        const { status } = flags;
        const items = connect().jobs.list(status === undefined ? {} : { status });
        const texts = { nouns: "jobs", header: jobListHeader, describe: describeJobItem };
        await printList(output, items, flags, texts);
        return exitCodes.ok;
      }),
  );
}

function showCommand(run: Run): Command {
  return createCommand("show", "show jobs: counters, failures by cause")
    .argument("<id...>", "ids of the jobs")
    .action((ids: string[], flags: SharedFlags) =>
      run(flags, ({ connect, output }) => {
        const ferry = connect();
        return forEach(ids, output, async (id, index) => {
          const job = await ferry.jobs.get(id);
          output.json(job);
          if (index > 0) output.line("");
          for (const line of describeJob(job)) output.line(line);
        });
      }),
    );
}

function waitCommand(run: Run): Command {
  return createCommand("wait", "show the progress of jobs until they have ended or are paused")
    .argument("<id...>", "ids of the jobs")
    .action((ids: string[], flags: SharedFlags) =>
      run(flags, (context) => watch(context, jobs, ids)),
    );
}

/** A command that does one thing with each job. */
function ofEach(
  run: Run,
  name: string,
  description: string,
  act: (ferry: Ferry, id: string) => Promise<Job | null>,
): Command {
  return createCommand(name, description)
    .argument("<id...>", "ids of the jobs")
    .action((ids: string[], flags: SharedFlags) =>
      run(flags, ({ connect, output }) => {
        const ferry = connect();
        return forEach(ids, output, async (id) => {
          const job = await act(ferry, id);
          output.json(job ?? { id, status: "deleted" });
          output.line(`Job ${id} ${job?.status ?? "deleted"}`);
        });
      }),
    );
}
