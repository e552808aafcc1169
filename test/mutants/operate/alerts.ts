import type { Mutant } from "../mutant.ts";

const conditions = "test/e2e/telemetry/alert-conditions.test.ts";

/** Alerts that would not fire, and costs that would be wrong. */
export const alertMutants: readonly Mutant[] = [
  {
    breaks: "the alert on failed copies waits for an outcome that no copy has",
    file: "infra/queries/alerts/failed-copies.kql",
    find: 'where outcome == "failed"',
    replace: 'where outcome == "failure"',
    suites: [conditions],
  },
  {
    breaks: "the age of the outbox is not in the watchdog's line",
    file: "src/triggers/timers/watchdog.ts",
    find: "outboxOldestSeconds: outbox.oldestSeconds,",
    replace: "outboxOldestSeconds: null,",
    suites: [conditions],
  },
  {
    breaks: "the watchdog does not report how long a copy was overdue",
    file: "src/telemetry/copy-lines.ts",
    find: "    overdueSeconds,\n    route: routeOf(copy),",
    replace: "    overdueSeconds: overdueSeconds === null ? null : 0,\n    route: routeOf(copy),",
    suites: [conditions],
  },
  {
    breaks: "a copy costs one more read than the table says",
    file: "infra/costs/ways.ts",
    find: "others: requests.others + polls,",
    replace: "others: requests.others + polls + 1,",
    suites: ["test/unit/infra/costs.test.ts"],
  },
  {
    breaks: "the free amount of a month is charged",
    file: "infra/costs/prices.ts",
    find: "Math.max(0, units - found.freePerMonth)",
    replace: "units",
    suites: ["test/unit/infra/costs.test.ts"],
  },
];
