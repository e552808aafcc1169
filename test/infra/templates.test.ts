import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { build, inCopy, predict, templates } from "./bicep.ts";
import { projectProblems } from "./azd-project.ts";
import { deploymentProblems, lintProblems } from "./check.ts";
import { deploymentNames, deployments } from "./deployments.ts";
import { queryProblems } from "./queries/query-problems.ts";
import type { Snapshot } from "./bicep.ts";
import { evaluate } from "./arm-expression.ts";
import { appSettings } from "./policies.ts";

test("the compiler's linter finds nothing in the templates", async () => {
  expect(await lintProblems(templates)).toEqual([]);
});

test.each(["main.bicep", "events.bicep"])("%s compiles without a diagnostic", async (file) => {
  const { template, diagnostics } = await build(join(templates, file));
  expect(diagnostics).toEqual([]);
  expect(template).toHaveProperty("resources");
});

describe.each(deploymentNames)("the deployment %s", (name) => {
  let predicted: Snapshot;
  beforeAll(async () => {
    predicted = await inCopy((directory) =>
      predict(join(directory, "snapshots", `${name}.bicepparam`)),
    );
  });

  test(`is predicted as committed: ${deployments[name]}`, async () => {
    expect(predicted, "npm run check:infra -- --update writes it").toEqual(
      await readSnapshot(name),
    );
  });

  test("satisfies every policy", () => {
    expect(deploymentProblems(name, predicted.predictedResources, templates)).toEqual([]);
  });
});

test("every query parses, and reads only columns that the app's log lines have", () => {
  expect(queryProblems(templates)).toEqual([]);
});

test("azd's files fit the templates and the app", async () => {
  expect(await projectProblems(templates)).toEqual([]);
});

test("COPY_ALLOWED has exactly the pairs of the parameter, and COPY_ROUTES its routes", async () => {
  const settings = appSettings((await readSnapshot("routes")).predictedResources);
  expect(JSON.parse(settings["COPY_ALLOWED"] ?? "")).toEqual([
    {
      from: "https://acct1.file.core.windows.net/projects",
      to: "https://acct2.blob.core.windows.net/archive",
    },
    {
      from: "https://downloads.example.org/public",
      to: "https://acct2.blob.core.windows.net/archive",
    },
    {
      from: "https://acct1.blob.core.windows.net/inbox",
      to: "https://acct1.file.core.windows.net/projects",
      allow: ["hold-source"],
    },
  ]);
  expect(JSON.parse(settings["COPY_ROUTES"] ?? "")).toEqual([
    {
      name: "films",
      source: "https://acct1.blob.core.windows.net/inbox",
      destination: "https://acct3.blob.core.windows.net/films/{year}/{path}",
      glob: "**/*.{mp4,mov}",
      options: { tier: "Cool" },
    },
  ]);
});

test("nothing but roles is deployed into the resource groups of the accounts", async () => {
  const { predictedResources } = await readSnapshot("routes");
  const elsewhere = predictedResources.filter(
    ({ id }) =>
      id.includes("/resourceGroups/rg-media/") || id.includes("/resourceGroups/rg-archive/"),
  );
  expect(new Set(elsewhere.map(({ type }) => type))).toEqual(
    new Set(["Microsoft.Authorization/roleAssignments"]),
  );
  expect(elsewhere).not.toHaveLength(0);
});

test("a private network has an endpoint for everything that the app calls", async () => {
  const { predictedResources } = await readSnapshot("routes");
  const endpoints = predictedResources.filter(
    ({ type }) => type === "Microsoft.Network/privateEndpoints",
  );
  expect(endpoints.map(({ name }) => name).toSorted()).toEqual([
    "pe-acct1-blob",
    "pe-acct1-file",
    "pe-acct2-blob",
    "pe-acct3-blob",
    "pe-keys-vault",
    "pe-state-blob",
    "pe-state-queue",
    "pe-state-table",
  ]);
});

test("the evaluator of expressions rejects what it cannot read", () => {
  expect(evaluate("[format('{0}-{1}', 'a''b', reference('x').outputs.y.value)]")).toBe(
    "a'b-<reference>",
  );
  expect(evaluate({ list: ["[string(createArray(1, 'b'))]", "[[text]"] })).toEqual({
    list: ['[1,"b"]', "[[text]"],
  });
  expect(() => evaluate("[format('a']")).toThrow("Expected (");
});

async function readSnapshot(name: string): Promise<Snapshot> {
  const text = await readFile(join(templates, "snapshots", `${name}.snapshot.json`), "utf8");
  return JSON.parse(text) as Snapshot; // the format of `bicep snapshot`
}
