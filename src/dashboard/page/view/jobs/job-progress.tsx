import type { JobProgress } from "../../state/jobs.ts";
import { formatNumber } from "../../text/format.ts";

/** The progress of a job in objects. Until all pages are planned, the total is unknown. */
export function JobProgressBar({ progress, label }: { progress: JobProgress; label: string }) {
  const { done, planned, isTotal } = progress;
  const share = planned === 0 ? 0 : Math.min(1, done / planned);
  const amount = `${formatNumber(done)} of ${formatNumber(planned)}`;
  const rest = isTotal ? "objects" : "objects planned so far";
  return (
    <div class="progress">
      <div
        class={isTotal ? "track" : "track open"}
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(share * 100)}
        aria-valuetext={`${amount} ${rest}`}
      >
        <div class="done" style={{ width: `${share * 100}%` }} />
      </div>
      <span class="amount">
        {amount} <span class="of">{rest}</span>
      </span>
    </div>
  );
}
