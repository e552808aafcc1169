/** A state with subscribers. */
export type Store<State> = {
  get(): State;
  /** Replaces fields of the state, then calls each subscriber once. */
  set(changed: Partial<State>): void;
  /** Returns a function that ends the subscription. */
  subscribe(changed: () => void): () => void;
};

export function createStore<State extends object>(initial: State): Store<State> {
  let state = initial;
  const subscribers = new Set<() => void>();
  return {
    get: () => state,
    set(changed) {
      state = { ...state, ...changed };
      for (const each of subscribers) each();
    },
    subscribe(changed) {
      subscribers.add(changed);
      return () => subscribers.delete(changed);
    },
  };
}
