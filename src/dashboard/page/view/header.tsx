import { useEffect, useState } from "preact/hooks";
import { jobsHash } from "../api/address.ts";
import type { PageState } from "../state/page-state.ts";
import { formatAge } from "../text/format.ts";
import { Icon, Mark } from "./icons.tsx";
import { usePage } from "./page-context.ts";

/** The name, the age of the data, and the buttons of the whole page. */
export function Header({ state }: { state: PageState }) {
  const { store, polling } = usePage();
  const canStart = state.connection.kind === "live" || state.connection.kind === "lost";
  return (
    <header class="bar">
      <Mark />
      <h1>Ferry</h1>
      <nav aria-label="Views">
        <Place name="Copies" hash="#" isOpen={state.place === "copies"} />
        <Place name="Jobs" hash={jobsHash} isOpen={state.place === "jobs"} />
      </nav>
      <Freshness state={state} />
      <span class="space" />
      <button
        type="button"
        class="quiet"
        onClick={() => {
          polling.hurry();
          polling.tick();
        }}
      >
        <Icon name="refresh" />
        Refresh
      </button>
      <button type="button" class="quiet" onClick={() => store.set({ dialog: { kind: "key" } })}>
        <Icon name="key" />
        Key
      </button>
      <ThemeSwitch />
      <button
        type="button"
        class="primary"
        disabled={!canStart}
        onClick={() => store.set({ dialog: { kind: "start", like: null } })}
      >
        <Icon name="plus" />
        New copy
      </button>
    </header>
  );
}

function Place({ name, hash, isOpen }: { name: string; hash: string; isOpen: boolean }) {
  return (
    <a class="place" href={hash} aria-current={isOpen ? "page" : undefined}>
      {name}
    </a>
  );
}

function Freshness({ state }: { state: PageState }) {
  const { connection, updatedAt, isPaused, now } = state;
  const age = updatedAt === null ? "" : formatAge(now - updatedAt);
  if (connection.kind === "lost") {
    const since = age === "" ? "" : `; last update ${age}`;
    return <p class="fresh lost">Not connected{since}</p>;
  }
  if (connection.kind !== "live") return <p class="fresh" />;
  if (isPaused) return <p class="fresh paused">Paused; last update {age}</p>;
  return (
    <p class="fresh live">
      <span class="dot" />
      Live <span class="age">· updated {age}</span>
    </p>
  );
}

const storageKey = "ferry-theme";

/** Dark or light; the browser's setting until the reader chooses. */
function ThemeSwitch() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const [chosen, choose] = useState(() => localStorage.getItem(storageKey));
  const [isSystemDark, setSystemDark] = useState(system.matches);
  useEffect(() => {
    const changed = () => setSystemDark(system.matches);
    system.addEventListener("change", changed);
    return () => system.removeEventListener("change", changed);
  }, []);
  useEffect(() => {
    if (chosen !== null) document.documentElement.dataset["theme"] = chosen;
  }, [chosen]);
  const isDark = chosen === null ? isSystemDark : chosen === "dark";
  return (
    <button
      type="button"
      role="switch"
      class="quiet square"
      aria-checked={isDark}
      aria-label="Dark theme"
      onClick={() => {
        const theme = isDark ? "light" : "dark";
        localStorage.setItem(storageKey, theme);
        choose(theme);
      }}
    >
      <Icon name={isDark ? "moon" : "sun"} />
    </button>
  );
}
