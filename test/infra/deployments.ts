/** The parameter sets with a committed snapshot, and the case that each covers. */
export const deployments = {
  smallest: "one pair, nothing else",
  routes: "a route, several resource groups, two subscriptions, a private network, sign-in, SAS",
  scheduler: "Durable Task Scheduler",
  queue: "event subscriptions that deliver to the app's queue",
  events: "event subscriptions, on a new topic and on one that exists",
} as const;

export type Deployment = keyof typeof deployments;
export const deploymentNames = Object.keys(deployments) as Deployment[];
