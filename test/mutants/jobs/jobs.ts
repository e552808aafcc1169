import type { Mutant } from "../mutant.ts";

const crashes = "test/contract/jobs/crashes.test.ts";
const abort = "test/contract/jobs/abort.test.ts";
const twoPages = "test/contract/jobs/two-pages.test.ts";
const writers = "test/e2e/jobs/other-writers.test.ts";
const orders = "test/e2e/jobs/orders.test.ts";
const copies = "test/e2e/jobs/copy-job.test.ts";
const badInput = "test/e2e/jobs/bad-input.test.ts";
const rounds = "test/contract/orchestrations/job-rounds.test.ts";
const pageStates = "test/unit/jobs/states.test.ts";
const ours = "test/unit/jobs/is-ours.test.ts";

/** Jobs that copy twice, lose objects, or overwrite what is not theirs. */
export const jobMutants: readonly Mutant[] = [
  {
    breaks: "a refused start of an object that another run has started is another writer's",
    file: "src/activities/jobs/start-object.ts",
    find: 'let isCertain = page.isAlone() && page.states[index]?.is !== "uncertain";',
    replace: "let isCertain = page.states.length > 0;",
    suites: [crashes],
  },
  {
    breaks: "a run of a page does not register before it starts objects",
    file: "src/activities/jobs/support/page-run.ts",
    find: "    await opened.save({ leaves: false });\n    // Registering",
    replace: "    if (page < 0) await opened.save({ leaves: false });\n    // Registering",
    suites: [crashes],
  },
  {
    breaks: "a provisional result is kept although another run has registered",
    file: "src/activities/jobs/support/page-run.ts",
    find: "if (others.length > 0 && opened.provisional.size > 0) {",
    replace: "if (others.length > 99 && opened.provisional.size > 0) {",
    suites: ["test/contract/jobs/two-runs.test.ts"],
  },
  {
    breaks: "another client's copy of the same source is always adopted",
    file: "src/activities/jobs/start-object.ts",
    find: 'let isCertain = page.isAlone() && page.states[index]?.is !== "uncertain";',
    replace: "let isCertain = page.states.length === 0;",
    suites: [writers],
  },
  {
    breaks: "always overwrites what a second run has copied",
    file: "src/activities/jobs/start-object.ts",
    find: "isCertain &&= isAlone && recorded === null;",
    replace: "isCertain ||= isAlone && recorded === null;",
    suites: ["test/contract/jobs/two-runs.test.ts"],
  },
  {
    breaks: "a second run of a page goes by its own plan",
    file: "src/ledger/jobs/blob-jobs.ts",
    find: "return first ?? plan;",
    replace: "return first === null ? plan : plan;",
    suites: ["test/contract/jobs/job-ledger.test.ts"],
  },
  {
    breaks: "a call has as little time at the start of a run as at its end",
    file: "src/activities/jobs/support/job-run.ts",
    find: "minCallMs + Math.max(0, until - now)",
    replace: "minCallMs + Math.min(0, until)",
    suites: [abort],
  },
  {
    breaks: "a call after its run's time has less than 20 seconds",
    file: "src/activities/jobs/support/job-run.ts",
    find: "Math.max(0, until - now)",
    replace: "Math.max(-minCallMs, until - now)",
    suites: [abort],
  },
  {
    breaks: "a finished page is counted twice",
    file: "src/jobs/decisions/pages.ts",
    find: "if (isDone(record, page) || page > record.startedPages + 1) return null;",
    replace: "if (page > record.startedPages + 1) return null;",
    suites: ["test/unit/jobs/pages.test.ts"],
  },
  {
    breaks: "a page is finished before the previous page is started",
    file: "src/jobs/decisions/pages.ts",
    find: "if (isDone(record, page) || page > record.startedPages + 1) return null;",
    replace: "if (isDone(record, page)) return null;",
    suites: ["test/unit/jobs/pages.test.ts"],
  },
  {
    breaks: "a page counts as started before the previous page",
    file: "src/jobs/decisions/pages.ts",
    find: "const isEarly = page > record.startedPages + 1;",
    replace: "const isEarly = page > record.startedPages + 99;",
    suites: ["test/unit/jobs/pages.test.ts"],
  },
  {
    breaks: "a late run makes a page forget that it waits for its copies",
    file: "src/jobs/decisions/pages.ts",
    find: "(entry.dueAt ?? known?.dueAt ?? null)",
    replace: "(known === undefined ? entry.dueAt : entry.dueAt)",
    suites: ["test/unit/jobs/pages.test.ts"],
  },
  {
    breaks: "no page is planned while another one is copied",
    file: "src/activities/jobs/copy-pages.ts",
    find: "run.window.size() < 2",
    replace: "run.window.size() < 99",
    suites: [twoPages],
  },
  {
    breaks: "the next page waits for the slowest copy of a page",
    file: "src/activities/jobs/copy-pages.ts",
    find: "await Promise.all([started?.sent(), ahead]);",
    replace: "await Promise.all([started?.run(), ahead]);",
    suites: [twoPages],
  },
  {
    breaks: "a plan is made in addition to the window's calls",
    file: "src/activities/jobs/page-starts.ts",
    find: "active + reserved < window.size()",
    replace: "active < window.size() + reserved",
    suites: [twoPages],
  },
  {
    breaks: "an abort ends only the pages that a dead run has reported",
    file: "src/activities/jobs/work-on-job.ts",
    find: "Math.min(open, current)",
    replace: "Math.max(open, current)",
    suites: [twoPages],
  },
  {
    breaks: "a finished page still changes",
    file: "src/jobs/decisions/states.ts",
    find: "if (stored.part !== null) return stored.states;",
    replace: "if (stored.page < 0) return stored.states;",
    suites: [pageStates],
  },
  {
    breaks: "a failed object wins over one that another run has copied",
    file: "src/jobs/decisions/states.ts",
    find: "  copied: 7,\n  failed: 6,",
    replace: "  copied: 6,\n  failed: 7,",
    suites: [pageStates],
  },
  {
    breaks: "overwrite fail starts without a condition",
    file: "src/jobs/decisions/plan-object.ts",
    find: 'existing === null ? { kind: "absent" }',
    replace: 'existing === null ? { kind: "any" }',
    suites: [writers],
  },
  {
    breaks: "a copy with other content than the planned one is ours",
    file: "src/jobs/decisions/is-ours.ts",
    find: "if (copied !== undefined && copied !== object.length) return false;",
    replace: "if (copied !== undefined && copied < 0) return false;",
    suites: [ours],
  },
  {
    breaks: "a copy from before the plan is ours",
    file: "src/jobs/decisions/is-ours.ts",
    find: "copy.completedAt < parseTime(plannedAt) - maxClockSkewMs",
    replace: "copy.completedAt < 0 * maxClockSkewMs - parseTime(plannedAt)",
    suites: [ours],
  },
  {
    breaks: "throttled calls fail their object",
    file: "src/activities/jobs/start-object.ts",
    find: "tries: unclear + (isThrottled ? 0 : 1)",
    replace: "tries: unclear + 1",
    suites: ["test/contract/jobs/throttling.test.ts"],
  },
  {
    breaks: "a busy account does not slow the job down",
    file: "src/jobs/decisions/throttle.ts",
    find: "window = Math.max(1, window / 2);",
    replace: "window = Math.max(1, window);",
    suites: [writers],
  },
  {
    breaks: "an aborted copy leaves its empty blob",
    file: "src/activities/jobs/abort-page.ts",
    find: "  if (stubEtag !== null) {\n    const waits = await removeStub(run, object, stubEtag);",
    replace:
      '  if (stubEtag === "never") {\n    const waits = await removeStub(run, object, stubEtag);',
    suites: [orders],
  },
  {
    breaks: "an abort does not wait until the starts of a dead run can no longer arrive",
    file: "src/activities/jobs/abort-page.ts",
    find: "if (fence !== null && fence > deps.now()) {",
    replace: "if (fence !== null && fence < 0) {",
    suites: [abort],
  },
  {
    breaks: "an abort does not find the copies that a dead run has started",
    file: "src/activities/jobs/abort-page.ts",
    find: 'if (!mayExist && states[index]?.is !== "uncertain") {',
    replace: 'if (mayExist || states[index]?.is !== "uncertain") {',
    suites: [abort],
  },
  {
    breaks: "overlapping jobs run at the same time",
    file: "src/ledger/jobs/blob-jobs.ts",
    find: "instanceId !== job.instanceId && overlapIdentities(destination, job.destination)",
    replace:
      "instanceId !== job.instanceId && overlapIdentities(destination, job.destination) && destination === job.destination",
    suites: [badInput],
  },
  {
    breaks: "a report is written along any pair",
    file: "src/jobs/request/job-access.ts",
    find: 'allow.includes("report")',
    replace: "allow.length < 99",
    suites: [badInput],
  },
  {
    breaks: "a job may write into the source of a route",
    file: "src/jobs/request/job-access.ts",
    find: "overlapIdentities(identity, routeIdentity(route))",
    replace: 'overlapIdentities(identity, routeIdentity(route)) && identity === ""',
    suites: [badInput],
  },
  {
    breaks: "the first copy starts before the report can be written",
    file: "src/activities/jobs/work-on-job.ts",
    find: "if (stopped === null && !record.isChecked) return await checkReport(run);",
    replace: "if (stopped === null && record.version > 1) return await checkReport(run);",
    suites: [badInput],
  },
  {
    breaks: "a single copy replaces the pending copy of a job",
    file: "src/activities/starting/plan-copy.ts",
    find: "active.some((job) => identity.startsWith(job.destination))",
    replace: "active.some((job) => identity === job.destination)",
    suites: [writers],
  },
  {
    breaks: "a paused job continues",
    file: "src/activities/jobs/work-on-job.ts",
    find: 'if (wanted === "pause") return { kind: "next" };',
    replace: 'if (wanted === "pause" && record.version > 1) return { kind: "next" };',
    suites: [abort],
  },
  {
    breaks: "a start of a planned job plans again",
    file: "src/jobs/decisions/wanted.ts",
    find: "dryRun: false, isChecked, ending: null, end: null }",
    replace:
      "dryRun: false, isChecked, ending: null, end: null, next: { marker: null }, plannedPages: 0 }",
    suites: [orders],
  },
  {
    breaks: "the history of a job grows without end",
    file: "src/orchestrations/job-orchestration.ts",
    find: "const maxRounds = 100;",
    replace: "const maxRounds = 100_000;",
    suites: [rounds],
  },
  {
    breaks: "a job with a late poll reads what is wanted of it only then",
    file: "src/orchestrations/job-orchestration.ts",
    find: "const maxTimerMs = minute;",
    replace: "const maxTimerMs = 100 * minute;",
    suites: [rounds],
  },
  {
    breaks: "a failed copy leaves its empty blob",
    file: "src/activities/jobs/poll-page.ts",
    find: "  if (stubEtag !== null) {\n    const waits = await removeStub(run, each.object, stubEtag);",
    replace:
      '  if (stubEtag === "never") {\n    const waits = await removeStub(run, each.object, stubEtag);',
    suites: [copies],
  },
];
