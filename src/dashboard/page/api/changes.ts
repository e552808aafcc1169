import { FerryError, hasEnded } from "../../../client/ferry.ts";
import type { Copy, Plan, StartRequest } from "../../../client/ferry.ts";
import { addStarted } from "../state/listing.ts";
import type { PageState } from "../state/page-state.ts";
import type { Row } from "../state/rows.ts";
import type { Store } from "../state/store.ts";
import { formatCount } from "../text/format.ts";
import { plainFileName } from "../text/urls.ts";
import type { Loading } from "./loading.ts";
import type { Session } from "./session.ts";

export type Action = "abort" | "retry" | "delete";

/** How far an action on several copies is. */
export type ActionProgress = { done: number; total: number; failed: readonly ActionFailure[] };
export type ActionFailure = { id: string; problem: FerryError };

/** Changes copies through the app. */
export type Changes = {
  start(request: StartRequest, idempotencyKey: string): Promise<Copy>;
  plan(request: StartRequest): Promise<Plan>;
  /** Acts on each copy, a few at the same time; `changed` gets the progress. Stops when `signal` is aborted. */
  act(
    action: Action,
    ids: readonly string[],
    options: { signal: AbortSignal; changed(progress: ActionProgress): void },
  ): Promise<ActionProgress>;
};

const maxAtOnce = 4;

export function createChanges(
  store: Store<PageState>,
  session: Session,
  loading: Loading,
): Changes {
  /** A new copy appears in the app's list a moment later. */
  function add(copy: Copy): void {
    loading.show(copy);
    const { listing, filter } = store.get();
    const fits = filter.source === "" && filter.destination === "";
    if (fits) store.set({ listing: addStarted(listing, copy.id) });
  }

  async function act(action: Action, id: string): Promise<void> {
    if (action === "abort") loading.show(await session.watch((ferry) => ferry.abort(id)));
    else if (action === "retry") {
      const copy = await session.watch((ferry) => ferry.retry(id));
      add(copy);
      const text = `Started ${plainFileName(copy.destination)} again`;
      store.set({ notice: { text, tone: "plain", copyId: copy.id } });
    } else {
      await session.watch((ferry) => ferry.delete(id));
      loading.forget(id);
      if (store.get().selected === id) await loading.select(null);
    }
  }

  return {
    async start(request, idempotencyKey) {
      const copy = await session.watch((ferry) => ferry.start(request, { idempotencyKey }));
      add(copy);
      const text = `Started ${plainFileName(copy.destination)}`;
      store.set({ notice: { text, tone: "plain", copyId: copy.id } });
      return copy;
    },
    plan: (request) => session.watch((ferry) => ferry.plan(request)),
    async act(action, ids, { signal, changed }) {
      const left = ids.values();
      let progress: ActionProgress = { done: 0, total: ids.length, failed: [] };
      const work = async () => {
        for (const id of left) {
          if (signal.aborted) return;
          let failed = progress.failed;
          try {
            await act(action, id);
          } catch (error) {
            if (!(error instanceof FerryError)) throw error;
            failed = [...progress.failed, { id, problem: error }];
          }
          progress = { ...progress, done: progress.done + 1, failed };
          changed(progress);
        }
      };
      await Promise.all(Array.from({ length: maxAtOnce }, work));
      if (ids.length > 1) {
        const { done, failed } = progress;
        const result = `${verbs[action].past} ${formatCount(done - failed.length)}`;
        const text = failed.length === 0 ? result : `${result}; ${failed.length} failed`;
        const tone = failed.length === 0 ? "plain" : "bad";
        store.set({ notice: { text, tone, copyId: null } });
      }
      return progress;
    },
  };
}

export const verbs: Record<Action, { now: string; past: string }> = {
  abort: { now: "Abort", past: "Requested the abort of" },
  retry: { now: "Retry", past: "Started again" },
  delete: { now: "Forget", past: "Forgot" },
};

/** Whether the app accepts the action: aborts while a copy runs, and the others after it has ended. */
export function canAct(action: Action, { item }: Row): boolean {
  if (action === "abort") return item.status === "queued" || item.status === "copying";
  return hasEnded(item);
}

/** The copies that an action on a whole list is for: it repeats only what did not succeed. */
export function isForAll(action: Action, row: Row): boolean {
  const { status } = row.item;
  return canAct(action, row) && (action !== "retry" || status === "failed" || status === "aborted");
}
