import type { ActivityContext, StartInput } from "../../copy/contract/activities.ts";
import type { ActivityDependencies } from "./dependencies.ts";
import type { Sides } from "./sides.ts";

/** The arguments that all parts of one run of the start activity share. */
export type Step = {
  deps: ActivityDependencies;
  input: StartInput;
  context: ActivityContext;
  sides: Sides;
};
