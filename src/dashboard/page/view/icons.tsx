import type { CopyStatus, JobStatus } from "../../../client/ferry.ts";

const paths = {
  queued: "M8 4.5V8l2.2 1.6M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12",
  copying: "M3 8h9M8.5 4.5 12 8l-3.5 3.5",
  aborting: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M5.5 8h5",
  succeeded: "M3.5 8.5 6.5 11.5 12.5 4.5",
  skipped: "M4 4l4 4-4 4M9 4l4 4-4 4",
  failed: "M4.5 4.5l7 7M11.5 4.5l-7 7",
  aborted: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M3.8 12.2l8.4-8.4",
  planning: "M3 4h6M3 8h4M3 12h3M12.5 7.5 8 12v1.5h1.5L14 9",
  planned: "M3 4h10M3 8h10M3 12h6",
  running: "M3 8h9M8.5 4.5 12 8l-3.5 3.5",
  pausing: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M6.5 6v4M9.5 6v4",
  paused: "M5.5 3.5v9M10.5 3.5v9",
  plus: "M8 3.5v9M3.5 8h9",
  close: "M4 4l8 8M12 4l-8 8",
  refresh: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.8h-2.8",
  moon: "M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9",
  key: "M10.5 9a3.5 3.5 0 1 0-3.2-2.1L2.5 11.7V13.5h2V12H6v-1.5h1.5l1-1A3.5 3.5 0 0 0 10.5 9M11.3 4.7h.01",
} as const;

export type IconName = keyof typeof paths;

/** A picture next to a text with the same meaning. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

export function StatusIcon({ status }: { status: CopyStatus | JobStatus }) {
  return <Icon name={status} />;
}

/** Ferry's mark: a boat on a wave. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <path class="hull" d="M3 13h18l-2.6 5.2H5.6z" />
      <path class="hull" d="M7 8h7l2.6 3.6H7z" />
      <path
        class="wave"
        d="M2 21.2c1.7 0 1.7-1 3.3-1s1.7 1 3.4 1 1.6-1 3.3-1 1.7 1 3.3 1 1.7-1 3.4-1 1.6 1 3.3 1"
      />
    </svg>
  );
}
