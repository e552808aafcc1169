import { operations } from "../../../src/http/openapi/operations.ts";
import type { Answer } from "../../../src/http/openapi/operations.ts";

/** A response of the app, as a test received it; `headers`: lower-case names. */
export type Received = {
  method: string;
  /** Below `/api`, with the query. */
  path: string;
  status: number;
  headers: Iterable<[name: string, value: string]>;
  text: string;
};

/** Headers that the host, Node or HTTP itself adds. */
const ofTheHost = new Set(
  "date connection keep-alive content-length content-type transfer-encoding server".split(" "),
);

/**
 * Throws if the document of the API does not declare the response: its path, method, status, headers, and every field
 * of its body. Ignores the host's responses to paths that the app does not have.
 */
export function expectDocumented({ method, path, status, headers, text }: Received): void {
  const methods = findPath(path);
  if (methods === null) return;
  const answer = findAnswer(methods, method, status);
  const what = `${method} ${path.split("?")[0]} → ${status}`;
  if (answer === null) throw new Error(`The document has no such response: ${what}`);
  for (const [name] of headers) {
    if (ofTheHost.has(name) || Object.hasOwn(answer.headers, name)) continue;
    throw new Error(`The document has no header "${name}" of ${what}`);
  }
  if (method === "HEAD" || answer.body === null) {
    if (text !== "" && answer !== anyBody) throw new Error(`The document has no body of ${what}`);
    return;
  }
  const { error } = answer.body.safeParse(JSON.parse(text));
  if (error !== undefined) {
    throw new Error(`The body of ${what} does not match the document: ${error.message} ${text}`);
  }
}

const document = operations["/openapi.json"]?.["get"]?.answers["200"];
/** The document contains no schema for itself. */
const anyBody: Answer | undefined = document;

function findPath(path: string): (typeof operations)[string] | null {
  const parts = (path.split("?")[0] ?? "").toLowerCase().split("/").slice(1);
  if (parts.at(-1) === "") parts.pop();
  for (const [template, methods] of Object.entries(operations)) {
    const wanted = template.split("/").slice(1);
    const fits = wanted.every(
      (part, index) => part === parts[index] || (part === "{id}" && parts[index] !== ""),
    );
    if (fits && wanted.length === parts.length) return methods;
  }
  return null;
}

const allow = { description: "The methods of the path", schema: { type: "string" } };
const cacheControl = { description: "Whether a cache may store it", schema: { type: "string" } };

/** OPTIONS, 405 and the 401 of other methods are described once for the whole document, in its description. */
function findAnswer(
  methods: (typeof operations)[string],
  method: string,
  status: number,
): Answer | null {
  const operation = methods[method === "HEAD" ? "get" : method.toLowerCase()];
  if (operation !== undefined) return operation.answers[String(status)] ?? null;
  if (status === 401) return operations["/copies"]?.["get"]?.answers["401"] ?? null;
  const common = { isProblem: false, headers: { allow, "cache-control": cacheControl } };
  if (method === "OPTIONS" && status === 204) {
    return { ...common, description: "OPTIONS", body: null, headers: { allow } };
  }
  const { body = null } = operations["/health"]?.["get"]?.answers["503"] ?? {};
  return status === 405 ? { ...common, description: "405", body } : null;
}
