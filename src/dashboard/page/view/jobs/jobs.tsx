import { useEffect } from "preact/hooks";
import { isJobAtRest } from "../../../../client/ferry.ts";
import { jobProgress } from "../../state/jobs.ts";
import type { JobRow } from "../../state/jobs.ts";
import type { PageState } from "../../state/page-state.ts";
import { formatAge, formatCount, formatTime, formatWord } from "../../text/format.ts";
import { plainFolder } from "../../text/urls.ts";
import { StatusIcon } from "../icons.tsx";
import { LostBanner } from "../lost-banner.tsx";
import { FolderLine } from "../name.tsx";
import { usePage } from "../page-context.ts";
import { ProblemText } from "../problem.tsx";
import { JobActions } from "./job-actions.tsx";
import { JobDetails } from "./job-details.tsx";
import { JobProgressBar } from "./job-progress.tsx";
import { jobRateText, jobSummaryText, jobTimeText } from "./job-texts.ts";

const columns = [
  ["Status", "status"],
  ["Source and destination", "names"],
  ["Progress", "amount-cell"],
  ["Rate", "number rate"],
  ["Time", "number left"],
  ["Requested", "number age"],
  ["Actions", "actions"],
] as const;

/** The view of jobs: their list, and the selected one. */
export function Jobs({ state }: { state: PageState }) {
  const { listing, rows, failure, selected } = state.jobs;
  const isShownInDetails = failure !== null && failure.id === selected;
  return (
    <>
      <main>
        <LostBanner state={state} />
        {failure !== null && !isShownInDetails && (
          <p class="problem banner" role="alert">
            <ProblemText problem={failure.error} />
          </p>
        )}
        <section class="jobs" aria-label="Jobs">
          {listing.ids.length === 0 ? (
            <NoJobs phase={listing.phase} hasMore={listing.cursor !== null} />
          ) : (
            <table>
              <caption class="hidden">Jobs, newest first</caption>
              <thead>
                <tr>
                  {columns.map(([title, style]) => (
                    <th key={title} scope="col" class={style}>
                      {title === "Actions" ? <span class="hidden">{title}</span> : title}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {listing.ids.map((id) => {
                  const row = rows.get(id);
                  return row === undefined ? null : <Row key={id} row={row} state={state} />;
                })}
              </tbody>
            </table>
          )}
        </section>
        <Foot state={state} />
      </main>
      <JobDetails state={state} />
    </>
  );
}

function NoJobs({ phase, hasMore }: { phase: string; hasMore: boolean }) {
  if (phase === "none") return <p class="empty">Loading…</p>;
  if (hasMore) return <p class="empty">Older jobs can be loaded.</p>;
  return (
    <div class="empty">
      <p>
        <strong>No jobs yet.</strong> A job copies all selected blobs of a container or folder.
        Start one with the API or with the command line.
      </p>
    </div>
  );
}

function Row({ row, state }: { row: JobRow; state: PageState }) {
  const { jobLoading } = usePage();
  const { now, jobs } = state;
  const { id, status, source, destination, createdAt } = row.item;
  const name = plainFolder(destination);
  const open = () => void jobLoading.select(id);
  return (
    <tr
      class={id === jobs.selected ? "selected" : ""}
      data-job={id}
      data-status={status}
      onClick={open}
    >
      <td>
        <span class={`cell status ${status}`}>
          <StatusIcon status={status} />
          <span class="word">{formatWord(status)}</span>
        </span>
      </td>
      <td class="names">
        <span class="line">
          <FolderLine url={source} />
        </span>
        <span class="line to">
          <span class="arrow" aria-hidden="true">
            →
          </span>
          <button type="button" class="link" aria-expanded={id === jobs.selected} onClick={open}>
            <span class="hidden">Open the job to </span>
            <FolderLine url={destination} />
          </button>
        </span>
      </td>
      <td class="amount-cell">
        {isJobAtRest(row.item) && status !== "paused" ? (
          <span class={row.item.objects.failed > 0 ? "cause" : ""}>{restText(row)}</span>
        ) : (
          <JobProgressBar progress={jobProgress(row)} label={`Progress of the job to ${name}`} />
        )}
      </td>
      <td class="number rate">{jobRateText(row)}</td>
      <td class="number left">{jobTimeText(row, now)}</td>
      <td class="number age">
        <time dateTime={createdAt} title={formatTime(createdAt)}>
          {formatAge(now - Date.parse(createdAt))}
        </time>
      </td>
      <td class="actions" onClick={(event) => event.stopPropagation()}>
        <JobActions
          id={id}
          status={status}
          of={name}
          only={["pause", "resume", "start", "abort"]}
        />
      </td>
    </tr>
  );
}

function restText(row: JobRow): string {
  const { status, objects } = row.item;
  if (status !== "planned") return jobSummaryText(row);
  return `${formatCount(objects.planned, "object", "objects")} planned`;
}

function Foot({ state }: { state: PageState }) {
  const { jobLoading } = usePage();
  const { ids, cursor, phase } = state.jobs.listing;
  useEffect(() => {
    // The first page may have no job of this caller.
    if (ids.length === 0 && cursor !== null && phase === "ready") {
      jobLoading.more().catch(() => {}); // the connection shows the error
    }
  }, [ids.length, cursor, phase]);
  return (
    <div class="foot">
      <p>
        {phase === "none" ? "Loading…" : `${formatCount(ids.length, "job", "jobs")} loaded`}
        {phase === "more" && "; loading more…"}
        {cursor === null && ids.length > 0 && "; that is all"}
      </p>
      {cursor !== null && phase === "ready" && (
        <button type="button" class="quiet" onClick={() => void jobLoading.more().catch(() => {})}>
          Load more
        </button>
      )}
    </div>
  );
}
