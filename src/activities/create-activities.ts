import type { CopySteps } from "../copy/steps.ts";
import { abortCopy } from "./abort-copy.ts";
import { announceCopy } from "./announce-copy.ts";
import type { ActivityDeps } from "./deps.ts";
import { prepareCopy } from "./prepare-copy.ts";
import { readCopy } from "./read-copy.ts";
import { settleCopy } from "./settle-copy.ts";
import { startCopy } from "./start-copy.ts";

/**
 * The steps of a copy. Each is a few short calls to Storage, or to those who are told of the end, and safe
 * to run twice, minutes apart, even after the orchestration ended: Durable runs activities at least once.
 */
export function createActivities(deps: ActivityDeps): CopySteps {
  return {
    prepareCopy: (step) => prepareCopy(deps, step),
    startCopy: (step) => startCopy(deps, step),
    readCopy: (step) => readCopy(deps, step),
    abortCopy: (step) => abortCopy(deps, step),
    settleCopy: (step, context) => settleCopy(deps, step, context),
    announceCopy: (step, context) => announceCopy(deps, step, context),
  };
}
