import { toIso } from "../../copy/time.ts";
import { jobFailure } from "../../jobs/contract/job-failure.ts";
import type { JobEnd, JobRecord } from "../../jobs/contract/job-record.ts";
import { placeUrl } from "../../jobs/contract/job-input.ts";
import { remainingOf, totalsOf } from "../../jobs/decisions/job-status.ts";
import { manifestFile, reportFiles, requestFile } from "../../jobs/decisions/report-lines.ts";
import { countFailed } from "../../jobs/decisions/states.ts";
import { endedJobColumns } from "../../telemetry/job-lines.ts";
import { emit } from "../../telemetry/scope.ts";
import { writeReport } from "./close-page.ts";
import { changeRecord, goOn } from "./support/job-run.ts";
import type { JobRun, StepEnd } from "./support/job-run.ts";

/** Writes the first file of the report, before the first copy: a report that cannot be written stops the job. */
export async function checkReport(run: JobRun): Promise<StepEnd> {
  const { record, instanceId } = run;
  const { report } = record.input;
  if (report !== null) {
    const text = requestFile(instanceId, record.input);
    const waits = await writeReport(run, report, reportFiles.request, text);
    if (waits !== null) return waits;
  }
  if (run.record.stopped === null) {
    await changeRecord(run, (latest) => ({ ...latest, isChecked: true }));
  }
  return goOn;
}

/** Ends a job that has no work left: writes the manifest, then the end, and frees its destination. */
export async function endJob(run: JobRun): Promise<StepEnd> {
  const { deps, instanceId } = run;
  const at = toIso(deps.now());
  // Decided once, so that a second run writes the same manifest.
  await changeRecord(run, (record) =>
    record.ending === null ? { ...record, ending: decideEnd(record, at) } : null,
  );
  const { report } = run.record.input;
  const { ending } = run.record;
  if (ending === null) return goOn;
  if (report !== null && run.record.isChecked && !run.record.dryRun) {
    const parts = await deps.ledger.jobs.pages.listParts(instanceId);
    const counts = totalsOf(run.record);
    const left = remainingOf(run.record, counts);
    const text = manifestFile(instanceId, run.record.input, {
      end: ending,
      counts: { ...counts, notStarted: counts.notStarted + left },
      parts,
      complete: left === 0 && run.record.next === null,
    });
    const waits = await writeReport(run, report, reportFiles.manifest, text);
    if (waits !== null) return waits;
  }
  let isFirst = false;
  await changeRecord(run, (record) => {
    isFirst = record.end === null;
    if (!isFirst) return null;
    // A manifest that cannot be written turns a success into a failure.
    const late = ending.status === "succeeded" && record.stopped !== null;
    const end: JobEnd = late ? { ...ending, status: "failed", error: record.stopped } : ending;
    return { ...record, end, warning: null, updatedAt: end.at };
  });
  // A planned job that is being started has an entry of a newer generation.
  const { end, generation } = run.record;
  if (end !== null) await deps.ledger.jobs.active.remove({ instanceId, generation });
  if (isFirst) emit("ferry.job.ended", endedJobColumns(instanceId, run.record));
  return goOn;
}

function decideEnd(record: JobRecord, at: string): JobEnd {
  const { wanted, stopped, dryRun, input } = record;
  if (wanted === "abort") return { status: "aborted", error: null, at };
  if (stopped !== null) return { status: "failed", error: stopped, at };
  if (dryRun) return { status: "planned", error: null, at };
  const failed = countFailed(totalsOf(record));
  if (failed === 0) return { status: "succeeded", error: null, at };
  const message = `Cannot copy ${failed} of ${record.planned.objects} objects of ${placeUrl(input.source)}`;
  return { status: "failed", error: jobFailure("objects-failed", message), at };
}
