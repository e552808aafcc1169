import type { CopyActivities } from "../copy/contract/activities.ts";
import { abortCopy } from "./abort.ts";
import { sendNotifications } from "./send-notifications.ts";
import type { ActivityDependencies } from "./support/dependencies.ts";
import { readCopy } from "./read.ts";
import { settleCopy } from "./settle.ts";
import { startCopy } from "./start.ts";

/**
 * The activities of a copy, by durable name. Each makes a few short calls to Storage or to notification targets.
 * Durable runs activities at least once, so each is safe to run again minutes later, even after the orchestration
 * has completed.
 */
export function createActivities(deps: ActivityDependencies): CopyActivities {
  return {
    startCopy: (input, context) => startCopy(deps, input, context),
    readCopy: (input) => readCopy(deps, input),
    abortCopy: (input) => abortCopy(deps, input),
    settleCopy: (input, context) => settleCopy(deps, input, context),
    sendNotifications: (input, context) => sendNotifications(deps, input, context),
  };
}
