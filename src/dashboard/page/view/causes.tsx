import { useEffect } from "preact/hooks";
import { groupFailures } from "../state/failures.ts";
import type { FailureGroup } from "../state/failures.ts";
import type { PageState } from "../state/page-state.ts";
import { formatCount, formatNumber, formatWord } from "../text/format.ts";
import { EndpointLine, Name } from "./name.tsx";
import { usePage } from "./page-context.ts";

/** The failed copies that are shown, by cause, with what to do about each. */
export function Causes({ state, shown }: { state: PageState; shown: readonly string[] }) {
  const { loading } = usePage();
  const groups = groupFailures(shown, state.rows);
  const causes = groups.map(({ cause }) => cause).join();
  useEffect(() => {
    loading.readFixes(shown).catch(() => {}); // the connection shows the error
  }, [causes]);
  return (
    <section class="causes" aria-label="Failures by cause">
      {groups.length === 0 && (
        <p class="empty">
          <strong>No failed copy</strong> among the {formatCount(shown.length)} that are loaded and
          shown.
        </p>
      )}
      {groups.map((group) => (
        <Group key={group.cause} group={group} state={state} />
      ))}
    </section>
  );
}

const maxListed = 5;

function Group({ group: { cause, ids }, state }: { group: FailureGroup; state: PageState }) {
  const { store, loading } = usePage();
  const fix = state.fixes.get(cause);
  const about = `All failed with the cause “${cause}”`;
  return (
    <article class="group">
      <div class="title">
        <h2>
          {formatWord(cause)} <span class="count">{formatNumber(ids.length)}</span>
        </h2>
        <button
          type="button"
          onClick={() => store.set({ dialog: { kind: "question", action: "retry", ids, about } })}
        >
          Retry {formatCount(ids.length)}…
        </button>
      </div>
      {fix === undefined ? (
        <p class="faint">Loading the fix…</p>
      ) : (
        <p class="fix">
          <strong>Fix:</strong> <Name of="sentence" text={fix.text} />.{" "}
          <span class="faint">
            {fix.retryable ? "A retry may succeed without it." : "A retry fails again without it."}
          </span>
        </p>
      )}
      <ul>
        {ids.slice(0, maxListed).map((id) => (
          <li key={id}>
            <button type="button" class="link" onClick={() => void loading.select(id)}>
              <EndpointLine url={state.rows.get(id)?.item.destination ?? ""} />
            </button>
          </li>
        ))}
      </ul>
      {ids.length > maxListed && (
        <p class="faint">and {formatCount(ids.length - maxListed, "other", "others")}</p>
      )}
    </article>
  );
}
