import type { CopyActivities } from "../copy/contract/activities.ts";
import { abortCopy } from "./abort.ts";
import { sendNotifications } from "./send-notifications.ts";
import type { ActivityDependencies } from "./support/dependencies.ts";
import { prepareCopy } from "./prepare.ts";
import { readCopy } from "./read.ts";
import { settleCopy } from "./settle.ts";
import { startCopy } from "./start.ts";

/**
 * The steps of a copy. Each is a few short calls to Storage, or to those who are told of the end, and safe
 * to run twice, minutes apart, even after the orchestration ended: Durable runs activities at least once.
 */
export function createActivities(deps: ActivityDependencies): CopyActivities {
  return {
    prepareCopy: (step) => prepareCopy(deps, step),
    startCopy: (step) => startCopy(deps, step),
    readCopy: (step) => readCopy(deps, step),
    abortCopy: (step) => abortCopy(deps, step),
    settleCopy: (step, context) => settleCopy(deps, step, context),
    sendNotifications: (step, context) => sendNotifications(deps, step, context),
  };
}
