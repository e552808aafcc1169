import type { OperationName } from "../http/rest-operation.ts";
import type { StorageRequest } from "../http/storage-request.ts";

/** A fault injected into matching requests: into the next `times`, or into all. */
export type Fault = {
  /** Default: every operation. */
  operation?: OperationName;
  match?: (request: StorageRequest) => boolean;
  /** Default: no limit. */
  times?: number;
  do: FaultAction;
};

export type FaultAction =
  /** Responds without acting: `{ status: 503, code: "ServerBusy" }` is a throttled account. */
  | {
      response: {
        status: number;
        code: string;
        message?: string;
        headers?: Record<string, string>;
        /** Further elements of the XML body. */
        details?: Record<string, string>;
      };
    }
  /** Breaks the connection without acting. */
  | "reset connection"
  /** Acts, then breaks the connection instead of responding: the caller cannot know the outcome. */
  | "lose response"
  /** Acts and responds as usual, but later by this time on the clock. */
  | { delayMs: number }
  /** The same, but after this promise, regardless of the time. */
  | { after: Promise<void> };

export type Faults = {
  /** Returns a function that removes the fault. Of several matching faults, the first added applies. */
  add(fault: Fault): () => void;
  clear(): void;
};

/** Creates the registry. The server calls `take` for each request, which counts `times` down. */
export function createFaults(): Faults & { take: TakeFault } {
  let waiting: { fault: Fault; left: number }[] = [];
  return {
    add(fault) {
      const entry = { fault, left: fault.times ?? Infinity };
      waiting.push(entry);
      return () => {
        waiting = waiting.filter((other) => other !== entry);
      };
    },
    clear() {
      waiting = [];
    },
    take(request, operation) {
      const entry = waiting.find(
        ({ fault, left }) =>
          left > 0 &&
          (fault.operation === undefined || fault.operation === operation) &&
          (fault.match === undefined || fault.match(request)),
      );
      if (entry !== undefined) entry.left--;
      return entry?.fault.do;
    },
  };
}

export type TakeFault = (
  request: StorageRequest,
  operation: OperationName,
) => FaultAction | undefined;
