import type { Job } from "../../../../client/ferry.ts";
import { groupObjectFailures } from "../../state/jobs.ts";
import { formatCount, formatNumber, formatWord } from "../../text/format.ts";
import { Name, ObjectName } from "../name.tsx";

/** The failed objects by cause, each with its fix. The app returns the first of them. */
export function JobFailures({ job }: { job: Job }) {
  const groups = groupObjectFailures(job);
  if (groups.length === 0) return null;
  const left = job.objects.failed - job.failures.length;
  return (
    <section class="object-failures" aria-label="Failed objects by cause">
      {groups.map(({ cause, count, fix, objects }) => (
        <article key={cause} class="failure">
          <h3>
            {formatWord(cause)} <span class="count">{formatNumber(count)}</span>
          </h3>
          {fix !== null && (
            <p class="fix">
              <strong>Fix:</strong> <Name of="sentence" text={fix} />.
            </p>
          )}
          <ul>
            {objects.map(({ name, message }) => (
              <li key={name}>
                <ObjectName name={name} />
                <div class="faint">
                  <Name of="sentence" text={message} />
                </div>
              </li>
            ))}
          </ul>
        </article>
      ))}
      {left > 0 && (
        <p class="faint">
          {formatCount(left, "other failed object", "other failed objects")}:{" "}
          {job.report === null ? "a job with a report lists all" : "the report lists all"}.
        </p>
      )}
    </section>
  );
}
