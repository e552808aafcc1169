import type { Page } from "playwright-core";

const pageSize = 50;
const statuses = ["succeeded", "succeeded", "failed", "aborted", "skipped"] as const;

/** Responds to the page instead of the app, with a ledger of this number of copies, which have ended. */
export async function serveCopies(page: Page, count: number): Promise<void> {
  await page.route(/\/api\/copies\?/, (route) => {
    const begin = Number(new URL(route.request().url()).searchParams.get("cursor") ?? 0);
    const end = Math.min(count, begin + pageSize);
    const items = Array.from({ length: end - begin }, (_, offset) => item(count - begin - offset));
    return route.fulfill({ json: { items, nextCursor: end < count ? String(end) : null } });
  });
}

function item(number: number): object {
  const status = statuses[number % statuses.length];
  const at = Date.UTC(2026, 10, 1) + number * 60_000;
  const createdAt = new Date(at).toISOString();
  const completedAt = new Date(at + 45_000).toISOString();
  // UUID version 7: an id begins with its time.
  const time = at.toString(16).padStart(12, "0");
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${String(number).padStart(12, "0")}`;
  const self = `/api/copies/${id}`;
  const name = `2026/series-${number % 97}/film-${number}.mp4`;
  return {
    id,
    status,
    source: `https://acct1.blob.core.windows.net/inbox/${name}`,
    destination: `https://acct2.blob.core.windows.net/archive/${name}`,
    createdAt,
    completedAt,
    cause: status === "failed" ? "destination-exists" : null,
    bytes: status === "succeeded" ? number * 1_000_000 : null,
    progress: null,
    links: {
      self,
      abort: `${self}/abort`,
      retry: `${self}/retry`,
      timeline: `${self}/timeline`,
    },
  };
}

/**
 * Scrolls the list from its top to its end and back, one step for each frame, and returns the durations of all long
 * tasks in that time (ms; the browser reports those of 50 ms and more) and the largest number of rows that existed.
 */
export function scrollThrough(
  page: Page,
  steps: number,
): Promise<{ longTasks: number[]; maxRows: number; distance: number }> {
  return page.locator(".scroller").evaluate(async (element, count) => {
    const longTasks: number[] = [];
    const observer = new PerformanceObserver((list) => {
      longTasks.push(...list.getEntries().map(({ duration }) => duration));
    });
    observer.observe({ type: "longtask" });
    const distance = element.scrollHeight - element.clientHeight;
    let maxRows = 0;
    for (let step = 0; step <= count; step++) {
      const way = 1 - Math.abs(1 - (2 * step) / count);
      element.scrollTop = distance * way;
      await new Promise(requestAnimationFrame);
      maxRows = Math.max(maxRows, element.querySelectorAll("[data-id]").length);
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
    observer.disconnect();
    return { longTasks, maxRows, distance };
  }, steps);
}
