import type { Progress } from "../state/rows.ts";
import { formatBytes } from "../text/format.ts";

/** The progress that Storage has reported, and behind it the estimate for now. */
export function ProgressBar({ progress, label }: { progress: Progress; label: string }) {
  const { bytes, totalBytes, estimatedBytes } = progress;
  const percent = totalBytes === 0 ? 0 : (bytes / totalBytes) * 100;
  const estimated = totalBytes === 0 ? 0 : (estimatedBytes / totalBytes) * 100;
  return (
    <div class="progress">
      <div
        class="track"
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(percent)}
        aria-valuetext={`${percent.toFixed(1)} % of ${formatBytes(totalBytes)}`}
      >
        <div class="estimate" style={{ width: `${estimated}%` }} />
        <div class="done" style={{ width: `${percent}%` }} />
      </div>
      <span class="amount">
        {percent.toFixed(1)} % <span class="of">of {formatBytes(totalBytes)}</span>
      </span>
    </div>
  );
}
