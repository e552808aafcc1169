import { hasEnded } from "../../client/ferry.ts";
import type { Copy } from "../../client/ferry.ts";
import { describeEnd, progressOfCopy } from "../describe-copy.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Subject } from "./subject.ts";

export const copies: Subject<Copy> = {
  noun: "copy",
  nouns: "copies",
  command: "ferry",
  calls: (ferry) => ferry,
  endedCause: "already-ended",
  isRunning: (copy) => !hasEnded(copy),
  progressOf: progressOfCopy,
  describeEnd,
  exitCodeOf({ status }) {
    if (status === "failed") return exitCodes.copyFailed;
    return status === "aborted" ? exitCodes.copyAborted : exitCodes.ok;
  },
};
