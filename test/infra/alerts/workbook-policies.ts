import { z } from "zod";
import type { Resource } from "../bicep.ts";
import { readQueries } from "../queries/query-problems.ts";

/** The parts of a workbook that Ferry uses. The portal ignores unknown ones, so that a misspelled one has no effect. */
const queryItem = z.strictObject({
  type: z.literal(3),
  name: z.string(),
  content: z.strictObject({
    version: z.literal("KqlItem/1.0"),
    title: z.string().min(1),
    query: z.string(),
    size: z.literal(0),
    timeContextFromParameter: z.string(),
    queryType: z.literal(0),
    resourceType: z.literal("microsoft.operationalinsights/workspaces"),
    crossComponentResources: z.tuple([z.string()]),
    visualization: z.enum(["table", "barchart", "timechart", "linechart", "areachart"]),
  }),
});

const parameterItem = z.strictObject({
  type: z.literal(9),
  name: z.string(),
  content: z.strictObject({
    version: z.literal("KqlParameterItem/1.0"),
    style: z.literal("pills"),
    parameters: z.array(
      z.strictObject({
        id: z.string(),
        version: z.literal("KqlParameterItem/1.0"),
        name: z.string(),
        label: z.string(),
        type: z.literal(4), // a time range
        isRequired: z.literal(true),
        value: z.strictObject({ durationMs: z.int() }),
        typeSettings: z.strictObject({
          selectableValues: z.array(z.strictObject({ durationMs: z.int() })),
        }),
      }),
    ),
  }),
});

const notebook = z.strictObject({
  version: z.literal("Notebook/1.0"),
  items: z.array(z.discriminatedUnion("type", [queryItem, parameterItem])),
  fallbackResourceIds: z.tuple([z.string()]),
  $schema: z.string(),
});

const workbook = z.strictObject({
  displayName: z.string().min(1),
  category: z.literal("workbook"),
  sourceId: z.string(),
  serializedData: z.string(),
});

/** Compares the workbook of a predicted deployment with the queries. Returns one sentence per problem. */
export function workbookProblems(predicted: readonly Resource[], directory: string): string[] {
  const workspace = predicted.find(
    ({ type }) => type === "Microsoft.OperationalInsights/workspaces",
  );
  if (workspace === undefined) return [];
  const [found, ...others] = predicted.filter(
    ({ type }) => type === "Microsoft.Insights/workbooks",
  );
  if (found === undefined || others.length > 0) return ["There is not exactly one workbook"];
  const parsed = workbook.safeParse(found.properties);
  if (!parsed.success) return issues(parsed.error);
  const content = notebook.safeParse(JSON.parse(parsed.data.serializedData));
  if (!content.success) return issues(content.error);
  const { items, fallbackResourceIds } = content.data;
  const parameters = items.flatMap((item) =>
    item.type === 9 ? item.content.parameters.map(({ name }) => name) : [],
  );
  const charts = items.filter((item) => item.type === 3);
  const queries = Object.entries(readQueries(directory)).filter(([path]) => !path.includes("/"));
  const resources = [
    parsed.data.sourceId,
    ...fallbackResourceIds,
    ...charts.flatMap((chart) => chart.content.crossComponentResources),
  ];
  return [
    ...resources
      .filter((id) => id !== workspace.id)
      .map((id) => `The workbook reads ${id} instead of the workspace`),
    ...charts
      .filter(({ content: { timeContextFromParameter: name } }) => !parameters.includes(name))
      .map(({ name }) => `The chart ${name} has a time range that the workbook does not declare`),
    ...charts
      .filter(
        ({ name, content: { query } }) =>
          !queries.some(([path, text]) => path === name && text === query),
      )
      .map(({ name }) => `The chart ${name} has another query than queries/${name}.kql`),
    ...queries
      .filter(([path]) => charts.filter(({ name }) => name === path).length !== 1)
      .map(([path]) => `The workbook does not show queries/${path}.kql exactly once`),
  ];
}

function issues({ issues: found }: z.ZodError): string[] {
  return found.map(({ path, message }) => `The workbook: ${path.join(".")}: ${message}`);
}
