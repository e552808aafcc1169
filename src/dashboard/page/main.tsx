import { render } from "preact";
import { createAddress } from "./api/address.ts";
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

const address = createAddress(store, loading, {
  hash: () => location.hash,
  replace: (hash) => history.replaceState(null, "", hash === "" ? location.pathname : hash),
});
address.open();
addEventListener("hashchange", address.open);
