import { expect, test } from "vitest";
import { createAddress } from "../../../src/dashboard/page/api/address.ts";
import { initialState } from "../../../src/dashboard/page/state/page-state.ts";
import { createStore } from "../../../src/dashboard/page/state/store.ts";

function openPage(hash: string) {
  const store = createStore(initialState(0));
  const bar = { hash, replaced: 0 };
  const select = async (selected: string | null) => store.set({ selected });
  const address = createAddress(
    store,
    { select },
    {
      hash: () => bar.hash,
      replace(next) {
        bar.hash = next;
        bar.replaced++;
      },
    },
  );
  return { store, bar, address };
}

test("the address leads to its copy, and follows the copy that is selected", () => {
  const { store, bar, address } = openPage("#copy=one");
  address.open();
  expect(store.get().selected).toBe("one");
  store.set({ selected: "two" });
  expect(bar.hash).toBe("#copy=two");
  store.set({ selected: null });
  expect(bar.hash).toBe("");
});

test("an address that the reader has changed stays, although the page changes before the browser reports it", () => {
  const { store, bar, address } = openPage("");
  address.open();
  bar.hash = "#copy=one";
  store.set({ now: 1 });
  expect(bar).toEqual({ hash: "#copy=one", replaced: 0 });
  address.open();
  expect(store.get().selected).toBe("one");
  bar.hash = "";
  store.set({ now: 2 });
  address.open();
  expect(store.get().selected).toBeNull();
});

test.each(["#copy=", "#copy=a b", "#job=one", "#copy=../x", "copy=one"])(
  "an address with %j selects nothing",
  (hash) => {
    const { store, address } = openPage(hash);
    address.open();
    expect(store.get().selected).toBeNull();
  },
);
