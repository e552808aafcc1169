import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Resource } from "../bicep.ts";
import { readQueries } from "../queries/query-problems.ts";
import { readRunbook, sectionProblems } from "./runbook.ts";
import type { RunbookEntry } from "./runbook.ts";

/** Azure Monitor can take this long to make a log line visible, so a window must reach further back than the last run. */
const ingestionMinutes = 10;

/** The alerts about an event rather than a state: they must not resolve before a person has read them. */
const eventAlerts = ["failed-copies", "dead-letters"];

/** What Event Grid counts for each topic: "Azure Event Grid - Monitor data reference (push delivery)", 2023-11-15. */
const topicMetrics = ["DeadLetteredCount", "DroppedEventCount"];

const queryRule = z.strictObject({
  displayName: z.string().min(1),
  description: z.string(),
  severity: z.int().min(0).max(4),
  enabled: z.literal(true),
  scopes: z.tuple([z.string()]),
  evaluationFrequency: z.enum(["PT5M", "PT10M", "PT15M", "PT30M", "PT1H"]),
  windowSize: z.enum(["PT15M", "PT30M", "PT1H", "P1D"]),
  criteria: z.strictObject({
    allOf: z.tuple([
      z.strictObject({
        query: z.string(),
        // Each row of the result is a reason to alert.
        timeAggregation: z.literal("Count"),
        operator: z.literal("GreaterThan"),
        threshold: z.literal(0),
        failingPeriods: z.strictObject({
          numberOfEvaluationPeriods: z.literal(1),
          minFailingPeriodsToAlert: z.literal(1),
        }),
      }),
    ]),
  }),
  autoMitigate: z.boolean(),
  muteActionsDuration: z.literal("PT1H").nullish(), // null: none
  skipQueryValidation: z.literal(true),
  actions: z.strictObject({ actionGroups: z.array(z.string()) }),
});

const metricAlert = z.strictObject({
  description: z.literal("See infra/RUNBOOK.md#dead-letters"),
  severity: z.int(),
  enabled: z.literal(true),
  scopes: z.tuple([z.string().regex(/\/Microsoft\.EventGrid\/systemTopics\//)]),
  evaluationFrequency: z.enum(["PT5M", "PT15M"]),
  windowSize: z.enum(["PT15M", "PT30M"]),
  criteria: z.strictObject({
    "odata.type": z.literal("Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"),
    allOf: z.tuple([
      z.strictObject({
        criterionType: z.literal("StaticThresholdCriterion"),
        name: z.string(),
        metricNamespace: z.literal("Microsoft.EventGrid/systemTopics"),
        metricName: z.enum(topicMetrics),
        timeAggregation: z.literal("Total"),
        operator: z.literal("GreaterThan"),
        threshold: z.literal(0),
      }),
    ]),
  }),
  autoMitigate: z.literal(false),
  actions: z.array(z.strictObject({ actionGroupId: z.string() })),
});

/**
 * Compares the alerts of a predicted deployment with the queries and the runbook. Returns one sentence per problem, and
 * nothing for a deployment without an app and without event subscriptions.
 */
export function alertProblems(predicted: readonly Resource[], directory: string): string[] {
  const text = readFileSync(join(directory, "RUNBOOK.md"), "utf8");
  const runbook = readRunbook(text);
  return [
    ...runbook.flatMap(({ name }) => sectionProblems(text, name)),
    ...queryRuleProblems(predicted, directory, runbook),
    ...topicProblems(predicted, runbook),
  ];
}

function queryRuleProblems(
  predicted: readonly Resource[],
  directory: string,
  runbook: readonly RunbookEntry[],
): string[] {
  const workspace = ofType(predicted, "Microsoft.OperationalInsights/workspaces")[0];
  if (workspace === undefined) return [];
  const queries = Object.entries(readQueries(directory)).flatMap(([path, text]) =>
    path.startsWith("alerts/") ? [[path.slice("alerts/".length), text] as const] : [],
  );
  const rules = ofType(predicted, "Microsoft.Insights/scheduledQueryRules");
  const names = rules.map(({ name }) => name.replace(/^ferry-/, ""));
  const groups = new Set(rules.map(({ properties }) => JSON.stringify(actionsOf(properties))));
  return [
    ...queries.flatMap(([name, text]) => {
      const rule = rules.find((one) => one.name === `ferry-${name}`);
      return rule === undefined
        ? [`No alert has the query alerts/${name}.kql`]
        : ruleProblems(rule, { name, text, workspace: workspace.id, runbook });
    }),
    ...names
      .filter((name) => !queries.some(([query]) => query === name))
      .map((name) => `The alert ${name} has no file queries/alerts/${name}.kql`),
    ...runbook
      .filter(({ name }) => !names.includes(name))
      .map(({ name }) => `RUNBOOK.md describes the alert ${name}, which is not deployed`),
    ...(groups.size > 1 ? ["The alerts notify different action groups"] : []),
  ];
}

type Expected = {
  name: string;
  text: string;
  workspace: string;
  runbook: readonly RunbookEntry[];
};

function ruleProblems(rule: Resource, { name, text, workspace, runbook }: Expected): string[] {
  const parsed = queryRule.safeParse(rule.properties);
  if (!parsed.success) return issues(rule, parsed.error);
  const { properties } = { properties: parsed.data };
  const entry = runbook.find((one) => one.name === name);
  const [frequency, window] = [
    minutes(properties.evaluationFrequency),
    minutes(properties.windowSize),
  ];
  const mustStay = eventAlerts.includes(name);
  const problems = [
    properties.scopes[0] === workspace ? null : "does not query the workspace",
    properties.criteria.allOf[0].query === text ? null : `has another query than ${name}.kql`,
    properties.description === `See infra/RUNBOOK.md#${name}` ? null : "does not name its entry",
    window >= frequency + ingestionMinutes
      ? null
      : `misses lines that arrive late: ${window} minutes every ${frequency} minutes`,
    properties.autoMitigate === !mustStay
      ? null
      : `${mustStay ? "resolves" : "does not resolve"} on its own`,
    // Azure rejects a rule that resolves on its own and mutes its actions.
    (properties.muteActionsDuration == null) === properties.autoMitigate
      ? null
      : "must mute repeated notifications if, and only if, it does not resolve on its own",
    ...(entry === undefined
      ? ["has no entry in RUNBOOK.md"]
      : [
          entry.severity === properties.severity ? null : "has another severity than in RUNBOOK.md",
          entry.frequency === frequency && entry.window === window
            ? null
            : "has another frequency or window than in RUNBOOK.md",
        ]),
  ];
  return sentences(rule, problems);
}

/** Each topic whose events the app receives has exactly one alert on its dead letters. */
function topicProblems(predicted: readonly Resource[], runbook: readonly RunbookEntry[]): string[] {
  const topics = new Set(
    ofType(predicted, "Microsoft.EventGrid/systemTopics/eventSubscriptions").map(
      ({ id }) => id.split("/eventSubscriptions/")[0],
    ),
  );
  const alerts = ofType(predicted, "Microsoft.Insights/metricAlerts");
  const severity = runbook.find(({ name }) => name === "dead-letters")?.severity;
  return [
    ...alerts.flatMap((alert) => {
      const parsed = metricAlert.safeParse(alert.properties);
      if (!parsed.success) return issues(alert, parsed.error);
      return sentences(alert, [
        parsed.data.severity === severity ? null : "has another severity than in RUNBOOK.md",
        topics.has(parsed.data.scopes[0]) ? null : "watches a topic without a subscription",
      ]);
    }),
    ...[...topics]
      .filter(
        (topic) => alerts.filter(({ properties }) => scopeOf(properties) === topic).length !== 1,
      )
      .map((topic) => `The topic ${topic} does not have exactly one alert on its dead letters`),
  ];
}

function scopeOf(properties: unknown): string | undefined {
  const parsed = z.object({ scopes: z.array(z.string()) }).safeParse(properties);
  return parsed.success ? parsed.data.scopes[0] : undefined;
}

function actionsOf(properties: unknown): unknown {
  const parsed = z.object({ actions: z.unknown() }).safeParse(properties);
  return parsed.success ? parsed.data.actions : null;
}

function ofType(predicted: readonly Resource[], type: string): Resource[] {
  return predicted.filter((resource) => resource.type === type);
}

function minutes(duration: string): number {
  const [, count = "", unit = ""] = /^PT?(\d+)([MHD])$/.exec(duration) ?? [];
  return Number(count) * ({ M: 1, H: 60, D: 24 * 60 }[unit] ?? Number.NaN);
}

function issues({ name }: Resource, { issues: found }: z.ZodError): string[] {
  return found.map(({ path, message }) => `The alert ${name}: ${path.join(".")}: ${message}`);
}

function sentences({ name }: Resource, problems: (string | null)[]): string[] {
  return problems
    .filter((problem) => problem !== null)
    .map((problem) => `The alert ${name} ${problem}`);
}
