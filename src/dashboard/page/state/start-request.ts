import type { FieldProblem, StartRequest } from "../../../client/ferry.ts";

/** The texts of the form. */
export type StartForm = {
  source: string;
  destination: string;
  overwrite: string;
  ifBusy: string;
  rollback: string;
  tier: string;
  /** JSON of further options, or empty. */
  options: string;
};

export const emptyForm: StartForm = {
  source: "",
  destination: "",
  overwrite: "",
  ifBusy: "",
  rollback: "",
  tier: "",
  options: "",
};

/**
 * Returns the form with which a reader repeats a copy with changes. The app does not return the options and the SAS
 * of a copy.
 */
export function formOf(copy: { source: string; destination: string } | null): StartForm {
  if (copy === null) return emptyForm;
  return { ...emptyForm, source: copy.source, destination: copy.destination };
}

export const choices = {
  overwrite: ["fail", "skip", "if-newer", "always"],
  ifBusy: ["fail", "wait", "replace"],
  rollback: ["off", "snapshot"],
  tier: ["Hot", "Cool", "Cold", "Archive", "Smart"],
} as const;

export type FieldName = keyof StartForm;

/**
 * Builds the request from the form. The app reports the problems of the request, with one exception: further options
 * that are not a JSON object cannot be sent.
 */
export function buildRequest(
  form: StartForm,
): { ok: true; request: StartRequest } | { ok: false; problems: FieldProblem[] } {
  const { source, destination, options: text, ...chosen } = form;
  const options = parseOptions(text);
  if (options === null) {
    const message =
      'Further options must be a JSON object, for example {"tags": {"team": "video"}}';
    return { ok: false, problems: [{ pointer: "/options", message }] };
  }
  for (const [name, value] of Object.entries(chosen)) if (value !== "") options[name] = value;
  const isEmpty = Object.keys(options).length === 0;
  // The app checks the options.
  const request = { source, destination, ...(isEmpty ? {} : { options }) } as StartRequest;
  return { ok: true, request };
}

function parseOptions(text: string): Record<string, unknown> | null {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? { ...value } : null;
  } catch {
    return null;
  }
}

/**
 * Returns a problem as a sentence at its field. "Further options" contains several options, so the sentence names its
 * option.
 */
export function problemText({ pointer, message }: FieldProblem): string {
  const option = pointer.split("/").slice(2).join("/");
  return fieldOf(pointer) === "options" && option !== "" ? `${option}: ${message}` : message;
}

/** Returns the field of the form in which the problem is; null if it is in none. */
export function fieldOf(pointer: string): FieldName | null {
  const [, first = "", second = ""] = pointer.split("/");
  if (first === "source" || first === "destination") return first;
  if (first !== "options") return null;
  return Object.hasOwn(choices, second) ? (second as keyof typeof choices) : "options";
}
