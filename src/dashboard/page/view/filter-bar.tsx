import { useEffect, useRef, useState } from "preact/hooks";
import { isForAll, verbs } from "../api/changes.ts";
import type { Action } from "../api/changes.ts";
import { asFerryError } from "../api/loading.ts";
import { countFilters } from "../state/listing.ts";
import type { Filter } from "../state/listing.ts";
import type { PageState } from "../state/page-state.ts";
import { countStatuses, statusFilters } from "../state/rows.ts";
import { formatCount, formatNumber, formatWord } from "../text/format.ts";
import { usePage } from "./page-context.ts";
import { ProblemText } from "./problem.tsx";
import type { Failure } from "./problem.tsx";

/** Filters of the app, the search in what is loaded, and actions on everything that they show. */
export function FilterBar({ state, shown }: { state: PageState; shown: readonly string[] }) {
  const { store, loading } = usePage();
  const { filter, rows, search, view } = state;
  const counts = countFilters(state, countStatuses(rows));
  const [problem, setProblem] = useState<Failure | null>(null);
  const apply = (changed: Partial<Filter>) => {
    setProblem(null);
    loading.setFilter({ ...store.get().filter, ...changed }).catch((error: unknown) => {
      const { errors, message, fix } = asFerryError(error);
      setProblem({ message: errors.map((each) => each.message).join("; ") || message, fix });
    });
  };
  return (
    <section class="filters" aria-label="Filters">
      <fieldset class="tabs">
        <legend class="hidden">Status</legend>
        {statusFilters.map((status) => (
          <label key={status}>
            <input
              type="radio"
              name="status"
              checked={filter.status === status}
              onChange={() => apply({ status })}
            />
            <span class="tab">
              {formatWord(status)}{" "}
              <Count count={counts[status]} isChosen={filter.status === status} />
            </span>
          </label>
        ))}
      </fieldset>
      <label class="switch">
        <input
          type="checkbox"
          checked={view === "causes"}
          onChange={() => store.set({ view: view === "causes" ? "list" : "causes" })}
        />
        Failures by cause
      </label>
      <span class="space" />
      <AllButton action="abort" state={state} shown={shown} />
      <AllButton action="retry" state={state} shown={shown} />
      <div class="fields">
        <label class="field search">
          <span>Search what is loaded</span>
          <input
            type="search"
            value={search}
            spellcheck={false}
            placeholder="Words of a name, an id or a cause"
            onInput={({ currentTarget }) => store.set({ search: currentTarget.value })}
          />
        </label>
        <PrefixField
          label="Source begins with"
          value={filter.source}
          apply={(source) => apply({ source })}
        />
        <PrefixField
          label="Destination begins with"
          value={filter.destination}
          apply={(destination) => apply({ destination })}
        />
      </div>
      {problem !== null && (
        <p class="problem" role="alert">
          <ProblemText problem={problem} />
        </p>
      )}
    </section>
  );
}

function Count({ count, isChosen }: { count: number | null; isChosen: boolean }) {
  if (count === null) return null;
  const title = isChosen ? "Copies in this list" : "Copies that this page has seen";
  return (
    <span class="count" title={title}>
      {formatNumber(count)}
    </span>
  );
}

const typingMs = 500;

/** A field that applies its text when the reader has stopped typing. */
function PrefixField(props: { label: string; value: string; apply(value: string): void }) {
  const { label, value, apply } = props;
  const [text, setText] = useState(value);
  const applied = useRef(value);
  useEffect(() => {
    if (text.trim() === applied.current) return;
    const timer = setTimeout(() => {
      applied.current = text.trim();
      apply(applied.current);
    }, typingMs);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="text"
        inputMode="url"
        autocomplete="off"
        spellcheck={false}
        placeholder={`${location.protocol}//…`}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
    </label>
  );
}

/** Asks before it acts on every shown copy that the action is for. */
function AllButton(props: { action: Action; state: PageState; shown: readonly string[] }) {
  const { action, state, shown } = props;
  const { store } = usePage();
  const ids = shown.filter((id) => {
    const row = state.rows.get(id);
    return row !== undefined && isForAll(action, row);
  });
  if (ids.length === 0) return null;
  return (
    <button
      type="button"
      onClick={() =>
        store.set({ dialog: { kind: "question", action, ids, about: describeFilter(state) } })
      }
    >
      {verbs[action].now} {formatCount(ids.length)}…
    </button>
  );
}

/** Writes what is shown, for the question before an action on all of it. */
export function describeFilter({ filter, search, listing }: PageState): string {
  const parts = [
    filter.status === "all" ? null : `status ${filter.status}`,
    filter.source === "" ? null : `a source that begins with ${filter.source}`,
    filter.destination === "" ? null : `a destination that begins with ${filter.destination}`,
    search === "" ? null : `“${search}” in what is loaded`,
  ].filter((part) => part !== null);
  const shown = parts.length === 0 ? "No filter is set" : `The list shows ${parts.join(", ")}`;
  return listing.cursor === null ? shown : `${shown}. Older copies are not loaded and not affected`;
}
