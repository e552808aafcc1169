import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Changes } from "../api/changes.ts";
import type { JobLoading } from "../api/job-loading.ts";
import type { Loading } from "../api/loading.ts";
import type { Polling } from "../api/polling.ts";
import type { Session } from "../api/session.ts";
import type { PageState } from "../state/page-state.ts";
import type { Store } from "../state/store.ts";

/** The objects that the parts of the page use. */
export type Page = {
  store: Store<PageState>;
  session: Session;
  loading: Loading;
  jobLoading: JobLoading;
  changes: Changes;
  polling: Polling;
};

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === null) throw new Error("Cannot show this because it is not part of a page");
  return page;
}
