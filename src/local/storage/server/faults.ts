import type { OperationName } from "../http/rest-operation.ts";
import type { StorageRequest } from "../http/storage-request.ts";

/** Trouble to happen to requests: the next `times` that fit, or all. */
export type Fault = {
  /** All operations when absent. */
  operation?: OperationName;
  match?: (request: StorageRequest) => boolean;
  /** For ever when absent. */
  times?: number;
  do: FaultAction;
};

export type FaultAction =
  /** Does nothing and answers so: a throttled account is `{ status: 503, code: "ServerBusy" }`. */
  | { answer: { status: number; code: string; message?: string; headers?: Record<string, string> } }
  /** Does nothing; the connection breaks before an answer. */
  | "reset connection"
  /** Does what was asked, then the connection breaks: the caller cannot know. */
  | "lose answer"
  /** Acts and answers as ever, that much later on the clock. */
  | { delayMs: number };

export type Faults = {
  /** Returns what takes the fault away again. Of several that fit, the first added happens. */
  add(fault: Fault): () => void;
  clear(): void;
};

/** The registry, and the server's question to it: `take` counts. */
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
