/** The orchestration that both engines run, and its size. */
export type PollingLoad = {
  /** Instances; all are started before the first can complete. */
  instances: number;
  /** How often each instance races a timer against an event and then calls an activity. */
  polls: number;
};

/**
 * One engine in the comparison. `run` opens a new engine, runs all instances until they complete,
 * and closes it. It throws if an instance completes without `output`.
 */
export type Contestant = {
  name: string;
  run(run: PollingLoad): Promise<Measurement>;
};

/** The orchestrators count the turns: each turn runs an orchestrator once. */
export type Measurement = {
  turns: number;
  /** From the first start to the last completion. */
  milliseconds: number;
};

/** Result of an activity, with the size of a poll of a pending copy. */
export type ReadResult = { state: "pending" | "success"; bytesCopied: number; totalBytes: number };

export type ReadInput = { attempt: number; polls: number; destination: string };

/** Input of every instance, about the size of a small copy request. */
export const pollingInput = {
  source: "https://account1.example/inbox/film.mp4",
  destination: "https://account2.example/archive/film.mp4",
};

/** The activity. It does no work, so only the engines differ. */
export function readProgress({ attempt, polls }: ReadInput): ReadResult {
  return {
    state: attempt < polls ? "pending" : "success",
    bytesCopied: attempt * 1_048_576,
    totalBytes: polls * 1_048_576,
  };
}

/** Number of turns: the first, one after each activity, one after each timer. */
export function countTurns({ instances, polls }: PollingLoad): number {
  return instances * (1 + (polls + 1) + polls);
}
