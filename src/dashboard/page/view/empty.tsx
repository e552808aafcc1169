import { shownIds } from "../state/listing.ts";
import type { PageState } from "../state/page-state.ts";
import { formatCount } from "../text/format.ts";
import { usePage } from "./page-context.ts";

/** What is said in the place of an empty list. */
export function Empty({ state }: { state: PageState }) {
  const { store } = usePage();
  const { listing, filter, search, rows } = state;
  if (listing.phase === "none") return <p class="empty">Loading…</p>;
  const loaded = shownIds(listing, rows, { ...filter, search: "" }).length;
  const isFiltered =
    filter.status !== "all" || filter.source !== "" || filter.destination !== "" || search !== "";
  if (isFiltered) {
    const rest = listing.cursor === null ? "" : " so far; more can be loaded";
    return (
      <p class="empty">
        <strong>No copy fits</strong>
        {search === "" ? "" : ` among the ${formatCount(loaded)} that are loaded`}
        {rest}.
      </p>
    );
  }
  if (listing.cursor !== null) return <p class="empty">Older copies can be loaded.</p>;
  return (
    <div class="empty">
      <p>
        <strong>No copies yet.</strong> They appear here when a caller requests one, or when a route
        starts one.
      </p>
      <button type="button" onClick={() => store.set({ dialog: { kind: "start", like: null } })}>
        Start a copy…
      </button>
    </div>
  );
}
