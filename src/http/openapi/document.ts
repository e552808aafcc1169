import { z } from "zod";
import { operations } from "./operations.ts";
import type { Answer, Header, Operation } from "./operations.ts";

/**
 * Builds the OpenAPI 3.1 document of the API, whose schemas are JSON Schema 2020-12. `npm run openapi` writes it to
 * `openapi.json`, which the app sends; the deployed package contains that file instead of this code.
 */
export function buildDocument(version: string): object {
  const named = new Map<z.ZodType, string>();
  const toRef = (schema: z.ZodType): object => {
    const { title } = schema.meta() ?? {};
    if (title === undefined) {
      return schema instanceof z.ZodUnion
        ? { anyOf: schema.options.map((option) => toRef(option as z.ZodType)) }
        : toJsonSchema(schema);
    }
    named.set(schema, toName(title));
    return { $ref: `#/components/schemas/${toName(title)}` };
  };
  const paths = mapValues(operations, (methods) =>
    mapValues(methods, (operation) => describeOperation(operation, toRef)),
  );
  const schemas = Object.fromEntries(
    [...named].map(([schema, name]): [string, object] => [name, toJsonSchema(schema)]),
  );
  return {
    openapi: "3.1.1",
    info: {
      title: "Ferry",
      version,
      summary: "Durable, event-driven copies for Azure Storage",
      description:
        "HEAD works wherever GET does. OPTIONS returns 204 with Allow; other methods return 405 with Allow and a problem. Callers that must sign in get 401 for every method.",
    },
    servers: [
      {
        url: "https://{app}.azurewebsites.net/api",
        description: "A function app in Azure",
        variables: { app: { default: "ferry", description: "The name of the function app" } },
      },
    ],
    security: [{ functionKey: [] }, { entra: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        functionKey: {
          type: "apiKey",
          in: "header",
          name: "x-functions-key",
          description: "A key of the function app (COPY_AUTH=keys)",
        },
        entra: {
          type: "http",
          scheme: "bearer",
          description: "A token of Microsoft Entra (COPY_AUTH=entra)",
        },
      },
    },
  };
}

function describeOperation(operation: Operation, toRef: (schema: z.ZodType) => object): object {
  const { operationId, summary, description, isAnonymous, parameters, request, answers } =
    operation;
  return {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    ...(isAnonymous ? { security: [] } : {}),
    ...(parameters.length === 0
      ? {}
      : {
          parameters: parameters.map(({ name, in: place, example = "", ...header }) => ({
            name,
            in: place,
            required: place === "path",
            ...header,
            ...(example === "" ? {} : { example: toExample(example, header.schema) }),
          })),
        }),
    ...(request === null
      ? {}
      : {
          requestBody: {
            required: true,
            content: {
              "application/json": {
                schema: toRef(request.schema),
                examples: mapValues(request.examples, (value) => ({ value })),
              },
            },
          },
        }),
    responses: mapValues(answers, (answer) => describeAnswer(answer, toRef)),
  };
}

function describeAnswer(
  { description, body, isProblem, headers, example }: Answer,
  toRef: (schema: z.ZodType) => object,
): object {
  const type = isProblem ? "application/problem+json" : "application/json";
  const content = {
    schema: body === null ? {} : toRef(body),
    ...(example === undefined ? {} : { example }),
  };
  const isEmpty = body === null;
  return {
    description,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, header]): [string, object] => [
        titleCase(name),
        describeHeader(header),
      ]),
    ),
    ...(isEmpty ? {} : { content: { [type]: content } }),
  };
}

function describeHeader({ description, schema, example }: Header): object {
  return {
    description,
    schema,
    ...(example === undefined ? {} : { example: toExample(example, schema) }),
  };
}

function toExample(text: string, schema: object): unknown {
  return "type" in schema && schema.type === "integer" ? Number(text) : text;
}

function toJsonSchema(schema: z.ZodType): object {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return json;
}

function toName(title: string): string {
  return title
    .replace(/\(.*\)/, "")
    .trim()
    .split(" ")
    .map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`)
    .join("");
}

function titleCase(name: string): string {
  return name === "etag" ? "ETag" : name.replace(/(^|-)[a-z]/g, (part) => part.toUpperCase());
}

function mapValues<In, Out>(
  values: Readonly<Record<string, In>>,
  convert: (value: In) => Out,
): Record<string, Out> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]): [string, Out] => [name, convert(value)]),
  );
}
