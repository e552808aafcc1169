import type { HttpResponseInit } from "@azure/functions";
import { parseTime } from "../copy/time.ts";
import type { EpochMs } from "../copy/time.ts";
import { second } from "../copy/durations.ts";
import type { CopyView } from "../instances/copy-view.ts";
import { viewResponse } from "./view-response.ts";

/** The copy in each response, for `copyOf`, because a response's body has no type. */
const copies = new WeakMap<object, CopyView>();

/**
 * Builds the response that contains a copy; for a running copy, Retry-After is the time until Ferry polls next.
 */
export function copyResponse(
  status: 200 | 202,
  view: CopyView,
  { url, now }: { url: string; now: EpochMs },
): HttpResponseInit {
  const running = view.completedAt === null;
  const due = view.nextReadAt === null ? now : parseTime(view.nextReadAt);
  const seconds = Math.min(60, Math.max(1, Math.ceil((due - now) / second)));
  copies.set(view, view);
  return viewResponse(status, view, { url, retryAfterSeconds: running ? seconds : null });
}

/** The copy that a response contains; null if it contains a different body. */
export function copyOf({ jsonBody }: HttpResponseInit): CopyView | null {
  return copies.get(Object(jsonBody)) ?? null;
}
