import { createHash } from "node:crypto";
import type { EpochMs } from "../../../copy/time.ts";
import { isFinalState } from "../../../jobs/contract/page.ts";
import type {
  ObjectResult,
  ObjectState,
  OpenRun,
  PagePlan,
  PagePolls,
  PageProgress,
  ReportPart,
} from "../../../jobs/contract/page.ts";
import { reportFiles, reportLines } from "../../../jobs/decisions/report-lines.ts";
import { areAllFinal, mergeStates, plannedStates } from "../../../jobs/decisions/states.ts";
import { JobDeletedError, keepPlan, readRecord } from "./job-run.ts";
import type { JobRun } from "./job-run.ts";

/** A page that a run works on. */
export type PageRun = {
  plan: PagePlan;
  /**
   * The state of each object, as the run knows it. The run's steps write into it; `save` merges it with the states of
   * other runs.
   */
  states: (ObjectState | null)[];
  /**
   * Results that hold only if no other run has started an object of this page: then a refused start means another
   * writer. They are kept if `save` finds no such run, otherwise dropped.
   */
  provisional: Map<number, ObjectResult>;
  polls: PagePolls | null;
  /** Set when the page is finished. */
  part: ReportPart | null;
  /** Returns true if no other run can have started an object whose state is not in `states`. */
  isAlone(): boolean;
  /** Reads whether another run has registered in the meantime, or has left after it recorded a state of the object. */
  readOthers(index: number): Promise<{ isAlone: boolean; recorded: ObjectState | null }>;
  /** No start of another run can arrive at Storage after this time (epoch ms); null if there is no such run. */
  othersUntil(): EpochMs | null;
  /**
   * Writes the progress. `leaves`: the run records that it starts no further objects. Returns the objects whose
   * provisional result did not hold. The last state finishes the page.
   */
  save(options: { leaves: boolean }): Promise<number[]>;
};

/**
 * Opens a page. The run registers itself before it starts anything, so that another run of the page knows that a refused
 * start may be this run's. `registers` is false for a run that starts nothing.
 */
export async function openPage(
  run: JobRun,
  page: number,
  { registers }: { registers: boolean },
): Promise<PageRun | null> {
  const { deps, instanceId, runId, fence } = run;
  const { pages } = deps.ledger.jobs;
  const known = run.plans.find((each) => each.plan.page === page);
  const plan = known?.plan ?? (await pages.readPlan(instanceId, page));
  // The job was deleted.
  if (plan === null) return null;
  // A page that has just been planned has no progress. If another run has registered already, this one's write fails.
  const isNew = registers && known?.isNew === true;
  keepPlan(run, { plan, isNew: false });
  const found = isNew ? null : await pages.readProgress(instanceId, page);
  let etag = found?.etag ?? null;
  let others = otherRuns(found?.progress ?? null, run);
  const states = [...(found?.progress.states ?? plannedStates(plan))];
  const opened: PageRun = {
    plan,
    states,
    provisional: new Map(),
    polls: found?.progress.polls ?? null,
    part: found?.progress.part ?? null,
    isAlone: () => others.length === 0,
    async readOthers(index) {
      const latest = await pages.readProgress(instanceId, page);
      // The run has registered, so without progress the job was deleted.
      if (latest === null) throw new JobDeletedError();
      // The ETag stays that of this run's last write, so the next save merges the states of other runs.
      others = otherRuns(latest.progress, run);
      const recorded = latest.progress.states[index] ?? null;
      return { isAlone: others.length === 0, recorded };
    },
    othersUntil: () =>
      others.reduce<EpochMs | null>(
        (max, { until }) => (max === null || until > max ? until : max),
        null,
      ),
    async save({ leaves }) {
      for (;;) {
        // Calls that end while this is being written belong to the next save.
        const held = new Map(opened.provisional);
        const written = states.map((state, index) => state ?? held.get(index) ?? null);
        const part = opened.part ?? (areAllFinal(written) ? buildPart(run, plan, written) : null);
        const runs = leaves ? others : [...others, { id: runId, until: fence }];
        const { polls } = opened;
        const progress: PageProgress = { version: 1, page, states: written, runs, polls, part };
        const next = await pages.writeProgress(instanceId, progress, etag);
        if (next !== null) {
          etag = next;
          opened.part = part;
          for (const [index, result] of held) {
            states[index] ??= result;
            opened.provisional.delete(index);
          }
          return [];
        }
        // Another run has written, or the response to an earlier try of this write was lost.
        const latest = await pages.readProgress(instanceId, page);
        if (latest === null) throw new JobDeletedError();
        etag = latest.etag;
        others = otherRuns(latest.progress, run);
        opened.part = latest.progress.part;
        for (const [index, state] of mergeStates(latest.progress, states).entries()) {
          states[index] = state;
        }
        if (opened.part !== null) {
          opened.provisional.clear();
          return [];
        }
        if (others.length > 0 && opened.provisional.size > 0) {
          const dropped = [...opened.provisional.keys()].filter(
            (index) => !isFinalState(states[index] ?? null),
          );
          opened.provisional.clear();
          return dropped;
        }
      }
    },
  };
  if (registers && opened.part === null) {
    await opened.save({ leaves: false });
    // Registering may have created the progress of a job that was deleted before.
    await readRecord(run);
  }
  return opened;
}

/** The maximum number of runs without a recorded end that a page keeps. */
const maxRuns = 16;

/** The other runs that may have starts that are not recorded. */
function otherRuns(progress: PageProgress | null, { runId }: JobRun): OpenRun[] {
  return (progress?.runs ?? []).filter(({ id }) => id !== runId).slice(-maxRuns);
}

/** The part of the report about a finished page. */
function buildPart(
  { record }: JobRun,
  plan: PagePlan,
  states: readonly (ObjectState | null)[],
): ReportPart {
  const lines = plan.objects.length;
  if (record.input.report === null) return { name: "", lines, bytes: 0, sha256: "" };
  const text = reportLines(record.input, plan, states);
  return {
    name: reportFiles.part(plan.page),
    lines,
    bytes: Buffer.byteLength(text),
    sha256: createHash("sha256").update(text).digest("hex"),
  };
}
