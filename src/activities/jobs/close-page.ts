import { jobFailure } from "../../jobs/contract/job-failure.ts";
import { withDonePage, withFailureLimit } from "../../jobs/decisions/pages.ts";
import { reportFolder, reportLines } from "../../jobs/decisions/report-lines.ts";
import { countStates, listFailures } from "../../jobs/decisions/states.ts";
import type { JobPlace } from "../../jobs/contract/job-input.ts";
import type { JobObject } from "../../jobs/contract/storage.ts";
import { callOrder, changeRecord, goOn, notServed, withStop } from "./support/job-run.ts";
import type { JobRun, StepEnd } from "./support/job-run.ts";
import type { PageRun } from "./support/page-run.ts";

/** Writes the part of the report about a finished page, and adds the page to the totals. */
export async function closePage(
  run: JobRun,
  number: number,
  page: PageRun | null,
): Promise<StepEnd> {
  // The job was deleted: the next read of its record shows it.
  if (page === null) return { kind: "wait", until: run.deps.now() };
  const { deps, record } = run;
  const { report } = record.input;
  const { plan, states, part } = page;
  if (report !== null && part !== null) {
    const text = reportLines(record.input, plan, states);
    const waits = await writeReport(run, report, part.name, text);
    if (waits !== null) return waits;
  }
  const done = { counts: countStates(plan, states), failures: listFailures(plan, states) };
  const now = deps.now();
  await changeRecord(run, (latest) => {
    const changed = withDonePage(latest, number, done, now);
    return changed === null ? null : withFailureLimit({ ...changed, warning: null }, now);
  });
  run.plans = run.plans.filter((each) => each.plan.page !== number);
  return goOn;
}

/**
 * Writes a file of the report, once. Returns null when the file exists; stops the job if it cannot be written. A file
 * that already exists is that of an earlier run, which wrote the same content, unless its MD5 differs.
 */
export async function writeReport(
  run: JobRun,
  report: JobPlace,
  file: string,
  text: string,
): Promise<StepEnd | null> {
  const { deps, instanceId } = run;
  const { container, prefix } = reportFolder(report, instanceId);
  const object: JobObject = {
    container,
    access: { kind: "identity" },
    name: `${prefix}${file}`,
  };
  const written = await deps.storage.putReport({
    object,
    body: new TextEncoder().encode(text),
    contentType: file.endsWith(".jsonl") ? "application/x-ndjson" : "application/json",
    condition: { kind: "absent" },
    ...callOrder(run),
  });
  const stop = async (reason: string, storage: ReturnType<typeof jobFailure>["storage"]) => {
    const message = `Cannot write the report of the job because ${reason}`;
    const failure = jobFailure("report-not-written", message, storage);
    await changeRecord(run, (record) => withStop(record, failure, deps.now()));
    return null;
  };
  switch (written.kind) {
    case "written":
      return null;
    case "throttled":
    case "transient":
      return await notServed(run, written);
    case "failed":
      return await stop(written.failure.message, written.failure.storage);
    case "refused": {
      const read = await deps.storage.readDestination({ object, ...callOrder(run) });
      if (read.kind === "throttled" || read.kind === "transient") return await notServed(run, read);
      if (read.kind === "found" && read.state.contentMd5 === written.contentMd5) return null;
      return await stop(`another writer has written its file ${file}`, null);
    }
  }
}
