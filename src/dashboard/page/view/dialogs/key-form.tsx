import { useState } from "preact/hooks";
import { Name } from "../name.tsx";
import { usePage } from "../page-context.ts";

/** Asks for a function key. It goes nowhere but into the header of calls to this app. */
export function KeyForm({ isRejected, done }: { isRejected: boolean; done(): void }) {
  const { session, loading, polling, store } = usePage();
  const [key, setKey] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    try {
      session.useKey(key);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      return;
    }
    store.set({ connection: { kind: "loading" } });
    polling.hurry();
    polling.tick();
    const { selected } = store.get();
    if (selected !== null) void loading.select(selected);
    done();
  };
  const message = problem ?? (isRejected ? "The app did not accept this key." : null);
  return (
    <form onSubmit={submit}>
      <p>
        A function key of this app: the <code>default</code> host key, or one that was made for you.
        The page keeps it in memory until you close or reload it.
      </p>
      <label class="field">
        <span>Function key</span>
        <input
          type="password"
          autocomplete="off"
          value={key}
          aria-invalid={message !== null}
          aria-describedby={message === null ? undefined : "key-problem"}
          onInput={({ currentTarget }) => setKey(currentTarget.value)}
        />
      </label>
      {message !== null && (
        <p id="key-problem" class="problem" role="alert">
          <Name of="sentence" text={message} />
        </p>
      )}
      <div class="buttons end">
        <button type="submit" class="primary" disabled={key.trim() === ""}>
          Use this key
        </button>
      </div>
    </form>
  );
}
