import { useEffect, useMemo, useReducer } from "preact/hooks";
import { shownIds } from "../state/listing.ts";
import type { PageState } from "../state/page-state.ts";
import { countStatuses } from "../state/rows.ts";
import { formatCount } from "../text/format.ts";
import { Causes } from "./causes.tsx";
import { CopyList } from "./copy-list.tsx";
import { Details } from "./details.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { gateOf } from "./gate.tsx";
import { Header } from "./header.tsx";
import { Icon } from "./icons.tsx";
import { KeyForm } from "./dialogs/key-form.tsx";
import { Modal } from "./dialogs/modal.tsx";
import { Overview } from "./overview.tsx";
import { ProblemText } from "./problem.tsx";
import { PageContext, usePage } from "./page-context.ts";
import type { Page } from "./page-context.ts";
import { Question } from "./dialogs/question.tsx";
import { StartForm } from "./dialogs/start-form.tsx";

/** The whole page. */
export function App({ page }: { page: Page }) {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => page.store.subscribe(() => redraw(undefined)), []);
  const state = page.store.get();
  const { running } = countStatuses(state.rows);
  useEffect(() => {
    document.title = running === 0 ? "Ferry" : `${formatCount(running)} running · Ferry`;
  }, [running]);
  return (
    <PageContext.Provider value={page}>
      <div class={state.selected === null ? "page" : "page with-details"}>
        <Header state={state} />
        {gateOf(state.connection, state.rows.size > 0) ?? <Copies state={state} />}
        <Notice state={state} />
        <Dialogs state={state} />
      </div>
    </PageContext.Provider>
  );
}

function Copies({ state }: { state: PageState }) {
  const { listing, rows, filter, search, view } = state;
  const shown = useMemo(
    () => shownIds(listing, rows, { status: filter.status, search }),
    [listing, rows, filter, search],
  );
  return (
    <>
      <main>
        <Overview state={state} />
        <FilterBar state={state} shown={shown} />
        {state.connection.kind === "lost" && (
          <p class="problem banner" role="alert">
            <ProblemText problem={state.connection} /> The page tries again.
          </p>
        )}
        {view === "causes" ? (
          <Causes state={state} shown={shown} />
        ) : (
          <CopyList state={state} shown={shown} />
        )}
      </main>
      <Details state={state} />
    </>
  );
}

/** The newest message. It is also read out. */
function Notice({ state: { notice } }: { state: PageState }) {
  const { store, loading } = usePage();
  const copyId = notice?.copyId ?? null;
  return (
    <div class={`notice ${notice?.tone ?? ""}`} role="status">
      {notice !== null && (
        <>
          <span>{notice.text}</span>
          {copyId !== null && (
            <button type="button" class="link" onClick={() => void loading.select(copyId)}>
              Show
            </button>
          )}
          <button
            type="button"
            class="quiet square"
            aria-label="Dismiss the message"
            onClick={() => store.set({ notice: null })}
          >
            <Icon name="close" />
          </button>
        </>
      )}
    </div>
  );
}

function Dialogs({ state }: { state: PageState }) {
  const { store } = usePage();
  const { dialog } = state;
  const close = () => store.set({ dialog: null });
  switch (dialog?.kind) {
    case undefined:
      return null;
    case "start":
      return <StartForm dialog={dialog} close={close} />;
    case "question":
      return <Question dialog={dialog} state={state} close={close} />;
    case "key":
      return (
        <Modal title="Function key" close={close}>
          <KeyForm isRejected={false} done={close} />
        </Modal>
      );
  }
}
