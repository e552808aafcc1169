import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { buildDocument } from "../../src/http/openapi/document.ts";
import { operations } from "../../src/http/openapi/operations.ts";

/* The document of the API agrees with its schemas. `npm run openapi` writes it. */

const file = "src/http/openapi/openapi.json";
const { version } = JSON.parse(readFileSync("package.json", "utf8"));

test("the document matches the schemas", async () => {
  const text = `${JSON.stringify(buildDocument(version), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot(`../../${file}`);
});

test("the linter finds no error and no warning", () => {
  const env = {
    ...process.env,
    REDOCLY_TELEMETRY: "off",
    REDOCLY_SUPPRESS_UPDATE_NOTICE: "true",
    NO_COLOR: "1",
  };
  const program = "node_modules/@redocly/cli/bin/cli.js";
  const args = [program, "lint", file, "--config", "test/lint/redocly.yaml", "--format", "json"];
  const lint = () => execFileSync(process.execPath, args, { env, encoding: "utf8", stdio: "pipe" });
  const { totals, problems } = JSON.parse(lint());
  expect(problems).toEqual([]);
  expect(totals).toMatchObject({ errors: 0, warnings: 0 });
}, 60_000);

const all = Object.entries(operations).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

test.each(all)("the examples of $method $path match their schemas", ({ operation }) => {
  const { request, answers } = operation;
  for (const [name, example] of Object.entries(request?.examples ?? {})) {
    expect(request?.schema.safeParse(example).error, name).toBeUndefined();
  }
  for (const [status, { body, example }] of Object.entries(answers)) {
    if (body === null) continue;
    if (status !== "304") expect(example ?? null, status).not.toBeNull();
    expect(body.safeParse(example).error, status).toBeUndefined();
  }
});

test("the JSON schemas of the document accept the examples, and no other field", () => {
  const { components } = JSON.parse(readFileSync(file, "utf8"));
  const schema = z.fromJSONSchema(components.schemas.Copy);
  const example = operations["/copies/{id}"]?.["get"]?.answers["200"]?.example;
  expect(schema.safeParse(example).success).toBe(true);
  expect(schema.safeParse({ ...Object(example), more: 1 }).success).toBe(false);
});
