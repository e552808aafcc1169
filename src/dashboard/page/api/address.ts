import type { PageState } from "../state/page-state.ts";
import type { Store } from "../state/store.ts";
import type { Loading } from "./loading.ts";

/** The address bar of the browser. */
export type AddressBar = {
  /** The part of the address from "#" on, or empty. */
  hash(): string;
  /** Replaces that part; an empty text removes it. */
  replace(hash: string): void;
};

/**
 * Connects the page's address with the selected copy, in both directions. The address has nothing else, because filters
 * may contain secrets. It is written only when the page selects another copy: a reader's change of the address is there
 * before the browser reports it, and must not be overwritten meanwhile.
 */
export function createAddress(
  store: Store<PageState>,
  loading: Pick<Loading, "select">,
  bar: AddressBar,
): { open(): void } {
  let written = store.get().selected;
  store.subscribe(() => {
    const { selected } = store.get();
    if (selected === written) return;
    written = selected;
    bar.replace(selected === null ? "" : `#copy=${selected}`);
  });
  return {
    /** Selects the copy that the address names. */
    open() {
      const [, id = null] = /^#copy=([\w-]+)$/.exec(bar.hash()) ?? [];
      if (id !== store.get().selected) void loading.select(id);
    },
  };
}
