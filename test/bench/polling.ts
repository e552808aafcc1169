/** The orchestration that both engines run, and how big it is. */
export type PollingRun = {
  /** Instances, all started before the first may end. */
  instances: number;
  /** How often each one races a timer against an event and then calls an activity. */
  polls: number;
};

/**
 * One engine's part in the comparison. `run` opens an engine of its own, runs the instances to their
 * end and closes it. It throws when an instance ends otherwise than with `output`.
 */
export type Contestant = {
  name: string;
  run(run: PollingRun): Promise<RunTimes>;
};

/** Turns are counted by the orchestrators themselves: each turn runs an orchestrator once. */
export type RunTimes = {
  turns: number;
  /** From the first start to the last end. */
  milliseconds: number;
};

/** What an activity answers: as much as a look at a pending copy does. */
export type ReadAnswer = { state: "pending" | "success"; bytesCopied: number; totalBytes: number };

export type ReadInput = { attempt: number; polls: number; destination: string };

/** Input of every instance; about the size of a small copy request. */
export const pollingInput = {
  source: "https://account1.example/inbox/film.mp4",
  destination: "https://account2.example/archive/film.mp4",
};

/** The activity: no work of its own, so that only the engines differ. */
export function readProgress({ attempt, polls }: ReadInput): ReadAnswer {
  return {
    state: attempt < polls ? "pending" : "success",
    bytesCopied: attempt * 1_048_576,
    totalBytes: polls * 1_048_576,
  };
}

/** The first turn, one after each activity, one after each timer. */
export function turnsOf({ instances, polls }: PollingRun): number {
  return instances * (1 + (polls + 1) + polls);
}
