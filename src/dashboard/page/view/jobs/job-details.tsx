import { useEffect, useRef } from "preact/hooks";
import { isJobAtRest } from "../../../../client/ferry.ts";
import type { Job } from "../../../../client/ferry.ts";
import { jobProgress } from "../../state/jobs.ts";
import type { JobRow } from "../../state/jobs.ts";
import type { PageState } from "../../state/page-state.ts";
import { formatBytes, formatNumber, formatTime, formatWord } from "../../text/format.ts";
import { plainFolder } from "../../text/urls.ts";
import { Fact } from "../fact.tsx";
import { Icon, StatusIcon } from "../icons.tsx";
import { EndpointText, FolderName, Name } from "../name.tsx";
import { usePage } from "../page-context.ts";
import { ProblemText } from "../problem.tsx";
import { JobActions } from "./job-actions.tsx";
import { JobFailures } from "./job-failures.tsx";
import { JobProgressBar } from "./job-progress.tsx";
import { jobRateText, jobTimeText } from "./job-texts.ts";

/** The selected job: its counters, and the causes of failed objects. */
export function JobDetails({ state }: { state: PageState }) {
  const { jobLoading } = usePage();
  const { selected, rows, failure } = state.jobs;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus();
  }, [selected]);
  if (selected === null) return null;
  const row = rows.get(selected);
  const problem = failure?.id === selected ? failure.error : null;
  const close = () => {
    void jobLoading.select(null);
    const line = document.querySelector(`[data-job="${CSS.escape(selected)}"]`);
    line?.querySelector<HTMLElement>(".link")?.focus();
  };
  return (
    <aside
      class="details"
      aria-label="Details of the job"
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <div class="title">
        <h2 ref={heading} tabIndex={-1}>
          {row === undefined ? "Job" : <FolderName url={row.item.destination} />}
        </h2>
        <button type="button" class="quiet square" aria-label="Close the details" onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      {problem !== null && (
        <p class="problem" role="alert">
          <ProblemText problem={problem} />
        </p>
      )}
      {row === undefined ? (
        problem === null && <p class="faint">Loading…</p>
      ) : (
        <JobBody row={row} now={state.now} />
      )}
    </aside>
  );
}

function JobBody({ row, now }: { row: JobRow; now: number }) {
  const { item, job } = row;
  const name = plainFolder(item.destination);
  return (
    <div class="body">
      <p class={`cell status ${item.status}`}>
        <StatusIcon status={item.status} />
        {formatWord(item.status)}
      </p>
      {(!isJobAtRest(item) || item.status === "paused") && (
        <JobProgressBar progress={jobProgress(row)} label={`Progress of this job to ${name}`} />
      )}
      {job === null ? <p class="faint">Loading…</p> : <Messages job={job} />}
      <JobActions
        id={item.id}
        status={item.status}
        of=""
        only={["pause", "resume", "start", "abort", "delete"]}
      />
      {job !== null && <JobFailures job={job} />}
      {job !== null && <Counters job={job} />}
      <dl class="facts">
        <Fact name="Source">
          <EndpointText url={item.source} />
        </Fact>
        <Fact name="Destination">
          <EndpointText url={item.destination} />
        </Fact>
        <Fact name="Rate">{jobRateText(row)}</Fact>
        <Fact name="Time">{jobTimeText(row, now)}</Fact>
        <Fact name="Requested">{formatTime(item.createdAt)}</Fact>
        <Fact name="Started">{job?.startedAt == null ? "" : formatTime(job.startedAt)}</Fact>
        <Fact name="Completed">
          {item.completedAt === null ? "" : formatTime(item.completedAt)}
        </Fact>
        {job !== null && <Request job={job} />}
        <Fact name="Id">
          <span class="id">
            <Name text={item.id} />
          </span>
        </Fact>
      </dl>
    </div>
  );
}

/** The reasons why the job failed, makes no progress or copied nothing. */
function Messages({ job: { error, warning, reason, throttling } }: { job: Job }) {
  return (
    <>
      {error !== null && (
        <section class="failure" aria-label="Why it failed">
          <h3>{formatWord(error.cause)}</h3>
          <p>
            <Name of="sentence" text={error.message} />
          </p>
          <p class="fix">
            <strong>Fix:</strong> <Name of="sentence" text={error.fix} />.
          </p>
        </section>
      )}
      {[warning, reason].map(
        (text) =>
          text !== null && (
            <p key={text} class="warning">
              <Name of="sentence" text={text} />
            </p>
          ),
      )}
      {throttling !== null && (
        <p class="warning">
          Storage was busy and did not serve {formatNumber(throttling.calls)} calls. Ferry repeats
          them, and makes at most {formatNumber(throttling.concurrency)} at the same time now.
        </p>
      )}
    </>
  );
}

function Counters({ job: { objects, bytes, isPlanned, notCarried } }: { job: Job }) {
  const planned = `${formatNumber(objects.planned)}${isPlanned ? "" : " so far"}`;
  const counts: [name: string, count: number][] = [
    ["Copied", objects.copied],
    ["Pending", objects.pending],
    ["Skipped", objects.skipped],
    ["Failed", objects.failed],
    ["Aborted", objects.aborted],
    ["Not started", objects.notStarted],
    ["Remaining", objects.remaining],
    ["Not selected", objects.leftOut],
  ];
  return (
    <dl class="facts counters" aria-label="Objects">
      <Fact name="Planned">{planned}</Fact>
      {counts.map(([name, count]) => (
        <Fact key={name} name={name}>
          {formatNumber(count)}
        </Fact>
      ))}
      <Fact name="Bytes">{`${formatBytes(bytes.copied)} of ${formatBytes(bytes.planned)}`}</Fact>
      {Object.entries(notCarried).map(([what, count]) => (
        <Fact key={what} name={`Without ${formatWord(what).toLowerCase()}`}>
          {formatNumber(count)}
        </Fact>
      ))}
    </dl>
  );
}

/** The parts of the request that differ from the defaults. */
function Request({ job: { select, options, concurrency, maxFailures, report } }: { job: Job }) {
  const list = (texts: readonly string[]) =>
    texts.length === 0 ? "" : <Name of="sentence" text={texts.join(", ")} />;
  return (
    <>
      <Fact name="If it exists">{formatWord(options.overwrite)}</Fact>
      <Fact name="Include">{list(select.include)}</Fact>
      <Fact name="Exclude">{list(select.exclude)}</Fact>
      <Fact name="Concurrency">{formatNumber(concurrency)}</Fact>
      <Fact name="Max. failures">{maxFailures === null ? "" : formatNumber(maxFailures)}</Fact>
      <Fact name="Report">{report === null ? "" : <EndpointText url={report} />}</Fact>
    </>
  );
}
