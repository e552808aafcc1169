/** The bytes per bucket of time since the page was opened. */
export type Throughput = {
  /** Epoch ms. */
  openedAt: number;
  bucketMs: number;
  /** Bytes; the first bucket begins at `openedAt`. */
  buckets: readonly number[];
  totalBytes: number;
};

const firstBucketMs = 2_000;
/** If there were more, neighbors are merged. */
const maxBuckets = 120;

export function openThroughput(openedAt: number): Throughput {
  return { openedAt, bucketMs: firstBucketMs, buckets: [], totalBytes: 0 };
}

/**
 * Returns the throughput with the bytes that were copied from `from` to `to` (epoch ms), spread evenly. Bytes that
 * were copied before the page was opened do not count.
 */
export function addBytes(
  throughput: Throughput,
  { bytes, from, to }: { bytes: number; from: number; to: number },
): Throughput {
  const { openedAt } = throughput;
  if (bytes <= 0 || to <= openedAt) return throughput;
  const begin = Math.max(from, openedAt);
  const counted = from >= to ? bytes : (bytes * (to - begin)) / (to - from);
  const { bucketMs, buckets } = fitBuckets(throughput, to);
  const changed = [...buckets];
  const first = Math.floor((begin - openedAt) / bucketMs);
  const last = Math.floor((to - openedAt) / bucketMs);
  for (let index = first; index <= last; index++) {
    const start = Math.max(begin, openedAt + index * bucketMs);
    const end = Math.min(to, openedAt + (index + 1) * bucketMs);
    const share = to > begin ? (end - start) / (to - begin) : 1;
    changed[index] = (changed[index] ?? 0) + counted * share;
  }
  const filled = Array.from({ length: changed.length }, (_, index) => changed[index] ?? 0);
  return { openedAt, bucketMs, buckets: filled, totalBytes: throughput.totalBytes + counted };
}

/** Returns the throughput with buckets up to this time, which are empty if nothing was copied. */
export function extend(throughput: Throughput, now: number): Throughput {
  const { bucketMs, buckets } = fitBuckets(throughput, now);
  const length = Math.max(buckets.length, Math.ceil((now - throughput.openedAt) / bucketMs));
  const filled = Array.from({ length }, (_, index) => buckets[index] ?? 0);
  return { ...throughput, bucketMs, buckets: filled };
}

/** The rate of the busiest bucket, in bytes per second. */
export function peakRate({ buckets, bucketMs }: Throughput): number {
  return (buckets.reduce((most, bytes) => Math.max(most, bytes), 0) * 1_000) / bucketMs;
}

/** Doubles the buckets' length until there is a bucket for this time. */
function fitBuckets(
  { openedAt, bucketMs, buckets }: Throughput,
  time: number,
): Pick<Throughput, "bucketMs" | "buckets"> {
  let fitted = { bucketMs, buckets };
  while (time - openedAt >= fitted.bucketMs * maxBuckets) {
    const { buckets: small } = fitted;
    const merged = Array.from(
      { length: Math.ceil(small.length / 2) },
      (_, index) => (small[2 * index] ?? 0) + (small[2 * index + 1] ?? 0),
    );
    fitted = { bucketMs: fitted.bucketMs * 2, buckets: merged };
  }
  return fitted;
}
