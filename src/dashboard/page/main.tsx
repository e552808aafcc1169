import { render } from "preact";
import { createChanges } from "./api/changes.ts";
import { createLoading } from "./api/loading.ts";
import { createPolling } from "./api/polling.ts";
import { openSession } from "./api/session.ts";
import type { Environment } from "./api/session.ts";
import { initialState } from "./state/page-state.ts";
import { createStore } from "./state/store.ts";
import { App } from "./view/app.tsx";

/* Starts the page: connects its parts, and draws it once a second while it can be seen. */

const environment: Environment = {
  baseUrl: new URL(".", location.href).href,
  fetch: (input, init) => fetch(input, init),
  now: () => Date.now(),
};
const store = createStore(initialState(environment.now()));
const session = openSession(store, environment);
const loading = createLoading(store, session, environment);
const changes = createChanges(store, session, loading);
const polling = createPolling(store, { loading, session, environment });

const root = document.getElementById("page");
if (root === null) throw new Error("Cannot show the page because its document has no root");
render(<App page={{ store, session, loading, changes, polling }} />, root);

document.addEventListener("visibilitychange", () => polling.pause(document.hidden));
setInterval(() => polling.tick(), 1_000);
polling.pause(document.hidden);

// The address of the page leads to the selected copy. It has nothing else, because filters may contain secrets.
const linked = () => /^#copy=([\w-]+)$/.exec(location.hash)?.[1] ?? null;
const openLinked = () => {
  const id = linked();
  if (id !== store.get().selected) void loading.select(id);
};
openLinked();
addEventListener("hashchange", openLinked);
store.subscribe(() => {
  const { selected } = store.get();
  if (selected === linked()) return;
  history.replaceState(null, "", selected === null ? location.pathname : `#copy=${selected}`);
});
