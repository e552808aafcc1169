import type { HttpResponseInit } from "@azure/functions";
import { parseTime } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { second } from "../copy/durations.ts";
import type { CopyView } from "../instances/copy-view.ts";

/** Builds the response that contains a copy; for a running copy, Retry-After is the time until Ferry polls next. */
export function copyResponse(
  status: 200 | 202,
  view: CopyView,
  { url, now }: { url: string; now: EpochMs },
): HttpResponseInit {
  const running = view.completedAt === null;
  const due = view.nextReadAt === null ? now : parseTime(view.nextReadAt);
  const seconds = Math.min(60, Math.max(1, Math.ceil((due - now) / second)));
  return {
    status,
    jsonBody: view,
    headers: {
      "cache-control": "no-store",
      ...(status === 202 ? { location: new URL(view.links.self, url).href } : {}),
      ...(running ? { "retry-after": String(seconds) } : {}),
    },
  };
}
