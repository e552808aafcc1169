import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseQuery } from "../../infra/queries/kusto.ts";
import { readQueries } from "../../infra/queries/query-problems.ts";
import { readQuery } from "../../infra/queries/read-query.ts";
import {
  alertScenarios,
  playScenario,
  usualScenario,
} from "../../support/telemetry/alert-scenarios.ts";
import { linesOf, readLines } from "../../support/telemetry/lines.ts";
import type { ReadLine } from "../../support/telemetry/lines.ts";

/*
 * Goal: each alert fires when it should, and each query reads lines that the app writes. Method: the tests trigger the
 * condition of each alert in the real app, and compare the lines that it writes with the queries. The runbook shows one
 * of them for each alert: `vitest -u` writes it.
 */

type Played = Awaited<ReturnType<typeof playScenario>>;
type AlertName = keyof typeof alertScenarios;

const infra = join(import.meta.dirname, "../../../infra");
const queries = Object.entries(readQueries(infra)).map(([name, text]) => {
  return { name, ...readQuery(parseQuery(text).root) };
});
const minute = 60_000;

let played: Record<AlertName, Played>;
let lines: ReadLine[];

beforeAll(async () => {
  const results: [string, Played][] = [];
  for (const [name, scenario] of Object.entries(alertScenarios))
    results.push([name, await playScenario(scenario)]);
  const usual = await playScenario(usualScenario);
  played = Object.fromEntries(results) as Record<AlertName, Played>; // one for each name
  lines = [...results.map(([, result]) => result), usual].flatMap(({ log }) => readLines(log));
});

test("every alert has a scenario, and every scenario an alert", () => {
  const alerts = queries.flatMap(({ name }) => (name.startsWith("alerts/") ? [name.slice(7)] : []));
  expect(alerts).toEqual(Object.keys(alertScenarios).toSorted());
});

describe.each(queries)("the query $name", ({ events, columns, comparisons }) => {
  test("reads events, each of which the app has written", () => {
    expect(events).not.toEqual([]);
    for (const event of events) expect(linesIn(event), event).not.toEqual([]);
  });

  test("reads columns, each of which all of these lines have", () => {
    for (const { event, column } of columns) {
      for (const line of linesIn(event)) expect(line, event).toHaveProperty(column);
    }
  });

  test("reads columns, each of which has a value in some line", () => {
    const empty = columns.filter(({ event, column }) =>
      linesIn(event).every((line) => line[column] === null),
    );
    expect(empty).toEqual([]);
  });

  test("compares columns with values that lines have", () => {
    for (const { event, column, value } of comparisons) {
      expect(linesIn(event).map((line) => line[column])).toContain(value);
    }
  });
});

test("failed-copies: a copy of a missing source ends with its cause and Storage's response", () => {
  const ended = linesOf(played["failed-copies"].log, "ferry.copy.ended");
  expect(ended).toEqual([
    expect.objectContaining({
      outcome: "failed",
      cause: "source-not-found",
      storageStatus: 404,
      storageCode: "BlobNotFound",
      residues: 0,
    }),
  ]);
});

test("stuck-copies: one copy is woken twice within a day, and five are repaired within an hour", () => {
  const stuck = linesOf(played["stuck-copies"].log, "ferry.copy.stuck");
  const woken = stuck.filter(({ action }) => action === "woken");
  expect(woken).toHaveLength(2);
  expect(new Set(woken.map(({ instanceId }) => instanceId)).size).toBe(1);
  // The second time, the poll is overdue for longer than the six hours between two wakes.
  expect(woken[1]?.["overdueSeconds"]).toBeGreaterThan(6 * 3_600);
  const repaired = stuck.filter(({ action }) => action === "repaired");
  expect(new Set(repaired.map(({ instanceId }) => instanceId)).size).toBe(5);
});

test("dead-letters: an event that cannot cause a copy is reported with its route", () => {
  expect(linesOf(played["dead-letters"].log, "ferry.event.unusable")).toEqual([
    expect.objectContaining({ trigger: "event-grid", route: "films" }),
  ]);
});

test("dead-letters: the message of an event that failed five times is poisoned", () => {
  const failed = linesOf(played["dead-letters"].log, "ferry.event.failed");
  expect(failed.filter(({ poisoned }) => poisoned === true)).toEqual([
    expect.objectContaining({ trigger: "queue", tries: 5, messageId: expect.any(String) }),
  ]);
});

test("throttling: more than 20 requests to one account are throttled within 15 minutes", () => {
  const throttled = linesOf(played.throttling.log, "ferry.storage.throttled");
  expect(throttled.length).toBeGreaterThan(20);
  expect(throttled).toEqual(
    throttled.map(() =>
      expect.objectContaining({
        account: "devstoreaccount1",
        service: "blob",
        purpose: "copy",
        method: "PUT",
        status: 503,
        code: "ServerBusy",
        retryAfterSeconds: 1,
      }),
    ),
  );
  const { log } = played.throttling;
  const times = log.filter(isLineOf("ferry.storage.throttled")).map(({ at }) => at);
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeLessThan(15 * minute);
  const outcomes = linesOf(log, "ferry.copy.ended").map(({ outcome }) => outcome);
  expect(new Set(outcomes)).toEqual(new Set(["succeeded"]));
});

test("outbox-stuck: a notification waits for more than an hour, and is dropped after a day", () => {
  const { log } = played["outbox-stuck"];
  const ages = linesOf(log, "ferry.watchdog.ran").map((line) => line["outboxOldestSeconds"]);
  expect(ages.filter((age) => age > 3_600).length).toBeGreaterThan(0);
  expect(ages.at(-1)).toBeNull();
  expect(linesOf(log, "ferry.notification.dropped")).toEqual([
    expect.objectContaining({ reason: "refused-for-a-day" }),
  ]);
});

/** The runbook has a query for this text. */
test("outbox-stuck: the log shows how the target rejected the notification", () => {
  const { log } = played["outbox-stuck"];
  const text = " has ended, but its notification could not be sent now: topic: status 501";
  const refusals = log.filter(({ message }) => message.endsWith(text));
  expect(refusals).toHaveLength(linesOf(log, "ferry.notification.refused").length);
});

test("watchdog-silent: no run in the last half an hour, although the app runs", () => {
  const { log, endedAt } = played["watchdog-silent"];
  const recent = log.filter(({ at }) => at > endedAt - 30 * minute);
  expect(recent.filter(isLineOf("ferry.watchdog.ran"))).toEqual([]);
  expect(linesOf(log, "ferry.copy.ended")).toHaveLength(1);
});

test("a watchdog with the schedule in Azure is not silent", () => {
  const { log, endedAt } = played["outbox-stuck"];
  const recent = log.filter(({ at }) => at > endedAt - 30 * minute);
  expect(recent.filter(isLineOf("ferry.watchdog.ran"))).toHaveLength(6);
});

test("the runbook shows a line of each alert as the app writes it", async () => {
  const page = join(infra, "RUNBOOK.md");
  const shown = Object.keys(alertScenarios).reduce(
    (text, name) => {
      const region = new RegExp(`(?<=<!-- line ${name} -->\n)[^]*?(?=<!-- end -->)`);
      expect(text).toMatch(region);
      return text.replace(region, () => exampleOf(name as AlertName)); // a key of the scenarios
    },
    readFileSync(page, "utf8"),
  );
  await expect(shown).toMatchFileSnapshot(page);
});

/** The events of which the runbook shows a line; for the alert about missing lines, one that is there again. */
const examples: Record<AlertName, [event: string, fits: (line: ReadLine["line"]) => boolean]> = {
  "failed-copies": ["ferry.copy.ended", () => true],
  "stuck-copies": ["ferry.copy.stuck", ({ overdueSeconds }) => overdueSeconds > 6 * 3_600],
  "dead-letters": ["ferry.event.failed", ({ poisoned }) => poisoned === true],
  throttling: ["ferry.storage.throttled", () => true],
  "outbox-stuck": ["ferry.watchdog.ran", ({ outboxOldestSeconds: age }) => age > 3_600],
  "watchdog-silent": ["ferry.watchdog.ran", () => true],
};

/** The columns of a line that the alert's query reads, or all of them if it reads none. */
function exampleOf(name: AlertName): string {
  const [event, fits] = examples[name];
  const own = readLines(played[name].log);
  const found = [...own, ...lines].find((one) => one.event === event && fits(one.line));
  const query = queries.find((one) => one.name === `alerts/${name}`);
  const read = query?.columns.flatMap((use) => (use.event === event ? [use.column] : [])) ?? [];
  const columns = Object.entries({ ...found?.line, ...pickIds(found?.line) }).filter(
    ([column]) => read.length === 0 || read.includes(column),
  );
  const shown = JSON.stringify({ event, ...Object.fromEntries(columns) }, null, 2);
  return `\n\`\`\`json\n${shown}\n\`\`\`\n\n`;
}

/** Ids that are the same in every run, in place of those that a line has. */
function pickIds(line: ReadLine["line"] = {}): ReadLine["line"] {
  const ids = {
    instanceId: "01a1f8d3-ea00-7507-8ae8-97c0badf54b6",
    traceId: "d32c9209876aff95feb3efaa13108780",
    messageId: "3f1c8e57-6d7c-4f0e-9d0e-2f0b8f6f2d11",
  };
  return Object.fromEntries(Object.entries(ids).filter(([name]) => typeof line[name] === "string"));
}

function linesIn(event: string): ReadLine["line"][] {
  return lines.filter((one) => one.event === event).map(({ line }) => line);
}

function isLineOf(event: string): (entry: { message: string }) => boolean {
  return ({ message }) => message.startsWith(`{"event":"${event}"`);
}
