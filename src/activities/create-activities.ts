import type { CopyActivities, NotifyResult, SettleResult } from "../copy/contract/activities.ts";
import type { CopyStatus } from "../copy/contract/copy-status.ts";
import type { Failure } from "../copy/contract/failure.ts";
import {
  invalidInput,
  parseNotifyInput,
  parsePollInput,
  parseSettleInput,
  parseStartInput,
  refusedOutcome,
} from "../copy/contract/strict-input.ts";
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
    startCopy: parsed(parseStartInput, refusedStep, (input, context) =>
      startCopy(deps, input, context),
    ),
    readCopy: parsed(parsePollInput, refusedPoll, (input) => readCopy(deps, input)),
    abortCopy: parsed(parsePollInput, refusedPoll, (input) => abortCopy(deps, input)),
    settleCopy: parsed(
      parseSettleInput,
      (): SettleResult => ({ kind: "settled", outcome: refusedOutcome(deps.now()) }),
      (input, context) => settleCopy(deps, input, context),
    ),
    sendNotifications: parsed(
      parseNotifyInput,
      // Without a valid input there is no notification to send.
      (): NotifyResult => ({ kind: "notified" }),
      (input, context) => sendNotifications(deps, input, context),
    ),
  };
}

/**
 * Runs the activity only if Ferry can have written its input, because any client with access to the task hub can pass
 * another input.
 */
function parsed<Input, Context extends readonly unknown[], Result>(
  parse: (json: unknown) => Input | null,
  refuse: () => Result,
  activity: (input: Input, ...context: Context) => Promise<Result>,
): (input: Input, ...context: Context) => Promise<Result> {
  return async (json, ...context) => {
    const input = parse(json);
    return input === null ? refuse() : await activity(input, ...context);
  };
}

function refusedStep(): { kind: "failed"; failure: Failure } {
  return { kind: "failed", failure: invalidInput() };
}

function refusedPoll(): CopyStatus {
  return { kind: "unobservable", failure: invalidInput() };
}
