import type { Ferry } from "../../client/ferry.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { Progress } from "./progress-view.ts";

type Signal = { signal?: AbortSignal };

/** What is watched: copies, or jobs. */
export type Subject<View> = {
  /** What texts call one, and several. */
  noun: string;
  nouns: string;
  /** The beginning of commands about it: `ferry abort` and so on. */
  command: string;
  calls(ferry: Ferry): {
    wait(id: string, options: Signal & { onUpdate(view: View): void }): Promise<View>;
    abort(id: string, options: Signal): Promise<View>;
    /** Absent if it cannot be paused. */
    pause?(id: string, options: Signal): Promise<View>;
  };
  /** The cause of the error if it has ended before an order came. */
  endedCause: string;
  /** Whether there is progress to show. */
  isRunning(view: View): boolean;
  progressOf(view: View): Progress;
  /** The lines for one that has ended, or that waits for its caller. */
  describeEnd(view: View): string[];
  exitCodeOf(view: View): ExitCode;
};
