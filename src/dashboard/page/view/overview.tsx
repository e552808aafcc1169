import type { PageState } from "../state/page-state.ts";
import { countStatuses, totalRate } from "../state/rows.ts";
import { peakRate } from "../state/throughput.ts";
import { formatBytes, formatClock, formatNumber, formatRate } from "../text/format.ts";

/** What happens now, and the throughput since the page was opened. */
export function Overview({ state }: { state: PageState }) {
  const { rows, throughput } = state;
  const counts = countStatuses(rows);
  return (
    <section class="overview" aria-label="Overview">
      <Figure label="Running" value={formatNumber(counts.running)} />
      <Figure label="Rate now" value={formatRate(totalRate(rows))} />
      <Figure
        label={`Failed, of ${formatNumber(counts.all)} seen`}
        value={formatNumber(counts.failed)}
        isBad={counts.failed > 0}
      />
      <Figure label="Copied since opened" value={formatBytes(throughput.totalBytes)} />
      <Plot state={state} />
    </section>
  );
}

function Figure({ label, value, isBad }: { label: string; value: string; isBad?: boolean }) {
  return (
    <dl class={isBad === true ? "figure bad" : "figure"}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </dl>
  );
}

const width = 600;
const height = 56;
/** The first minute fills the plot from the left. */
const minBuckets = 30;

function Plot({ state: { throughput } }: { state: PageState }) {
  const { buckets, bucketMs, openedAt, totalBytes } = throughput;
  const peak = peakRate(throughput);
  const count = Math.max(minBuckets, buckets.length);
  const points = buckets.map((bytes, index) => {
    const share = peak === 0 ? 0 : (bytes * 1_000) / bucketMs / peak;
    return { x: ((index + 0.5) / count) * width, y: height - share * (height - 4) };
  });
  const line = points.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
  const first = points[0];
  const last = points.at(-1);
  const area =
    first === undefined || last === undefined
      ? ""
      : `M${first.x.toFixed(1)} ${height}L${line}L${last.x.toFixed(1)} ${height}Z`;
  const label = `Throughput since ${formatClock(openedAt)}: at most ${formatRate(peak)}, ${formatBytes(totalBytes)} in total`;
  return (
    <figure class="plot">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
      >
        <path class="base" d={`M0 ${height - 0.5}H${width}`} />
        {area !== "" && <path class="area" d={area} />}
        {area !== "" && <path class="line" d={`M${line}`} />}
      </svg>
      <figcaption aria-hidden="true">
        <span>{formatClock(openedAt)}</span>
        <span>{peak === 0 ? "No throughput yet" : `Peak ${formatRate(peak)}`}</span>
        <span>{formatClock(openedAt + count * bucketMs)}</span>
      </figcaption>
    </figure>
  );
}
