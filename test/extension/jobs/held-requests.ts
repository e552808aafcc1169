import type { StorageRequest } from "../../../src/local/storage/http/storage-request.ts";
import type { ExtensionStack } from "../support/extension-stack.ts";
import { startsOf } from "./job-stage.ts";
import type { StagedJob } from "./job-stage.ts";

/** Requests of some jobs that have arrived at Storage, which executes them once they are released. */
export type HeldRequests = {
  isHolding(): boolean;
  /** Whether it holds a request of each job. */
  isHoldingAll(): boolean;
  /** Nothing is held from now on. */
  release(): void;
};

/** Holds the starts of the jobs after the first `count`. */
export function holdStarts(
  stack: ExtensionStack,
  jobs: readonly StagedJob[],
  count: number,
): HeldRequests {
  let arrived = 0;
  return hold(stack, jobs, "CopyBlob", () => ++arrived > count);
}

/** Holds the listings by which the jobs poll their copies; a job lists its destination before its first start, too. */
export function holdPolls(stack: ExtensionStack, jobs: readonly StagedJob[]): HeldRequests {
  return hold(stack, jobs, "ListBlobs", (job) => startsOf(stack, job).size > 0);
}

function hold(
  { emulator }: ExtensionStack,
  jobs: readonly StagedJob[],
  operation: "CopyBlob" | "ListBlobs",
  isHeld: (job: StagedJob) => boolean,
): HeldRequests {
  const held = new Set<StagedJob>();
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const match = ({ resource }: StorageRequest): boolean => {
    const target = "container" in resource ? resource.container : "";
    const job = jobs.find((each) => each.target === target);
    if (job === undefined || !isHeld(job)) return false;
    held.add(job);
    return true;
  };
  const remove = emulator.faults.add({ operation, match, do: { after: released } });
  return {
    isHolding: () => held.size > 0,
    isHoldingAll: () => held.size === jobs.length,
    release() {
      remove();
      release();
    },
  };
}
