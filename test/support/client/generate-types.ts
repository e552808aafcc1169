import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";

/** The document from which the types of the client are generated. */
const documentFile = "src/http/openapi/openapi.json";

const compiler = "@ts-morph/common/dist/typescript.js";

/**
 * Generates the client's types from the document of the API. openapi-typescript uses the compiler API of TypeScript 5 and 6,
 * which TypeScript 7 does not have: its import of "typescript" loads the compiler that ts-morph contains.
 */
export async function generateTypes(): Promise<string> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier === "typescript" ? compiler : specifier, context),
  });
  try {
    const { default: openapiTs, astToString } = await import("openapi-typescript");
    const types = astToString(await openapiTs(readDocument()));
    return `/* Generated from ${documentFile} by "npm run client". Do not edit. */\n\n${types}`;
  } finally {
    hooks.deregister();
  }
}

/** Returns the document without examples, and without descriptions outside its schemas, which the client does not use. */
function readDocument() {
  const { paths, ...document } = JSON.parse(
    readFileSync(documentFile, "utf8"),
    (key, value: unknown) => (key === "example" || key === "examples" ? undefined : value),
  );
  const withoutDescriptions = JSON.stringify(paths, (key, value: unknown) =>
    key === "description" ? "" : value,
  );
  return { ...document, paths: JSON.parse(withoutDescriptions) };
}
