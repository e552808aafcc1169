/**
 * A route in ASP.NET Core's syntax: `copies/{id:guid}/{*rest}`. Matching is case-insensitive. A parameter can be
 * optional (`{x?}`), have a default (`{x=5}`) or constraints (`{x:int:min(1)}`), or take the rest of the path (`{*x}`,
 * `{**x}`). A segment can mix text and parameters (`{name}.{extension}`).
 */
export type RouteTemplate = {
  template: string;
  segments: readonly Segment[];
};

type Segment = readonly Part[];
type Part = { literal: string } | Parameter;
type Parameter = {
  name: string;
  kind: "one" | "optional" | "rest";
  fallback: string | undefined;
  constraints: readonly Constraint[];
};
type Constraint = (value: string) => boolean;

/** Parses a template. Throws an error that names the template and the reason. */
export function parseRoute(template: string): RouteTemplate {
  const path = template.replace(/^\/+|\/+$/g, "");
  const segments = path === "" ? [] : path.split(/\/(?![^{]*\})/).map(parseSegment(template));
  const names = segments
    .flat()
    .flatMap((part) => ("name" in part ? [part.name.toLowerCase()] : []));
  const duplicate = names.find((name, index) => names.indexOf(name) !== index);
  if (duplicate !== undefined) {
    throw refuse(template, `the parameter "${duplicate}" appears twice`);
  }
  segments.forEach((segment, index) => {
    if (index < segments.length - 1 && segment.some(isRest)) {
      throw refuse(template, "a parameter that takes the rest must come last");
    }
  });
  return { template, segments };
}

/**
 * Returns the parameters if `path` matches, otherwise undefined. `path` is the URL's path, still percent-encoded,
 * relative to the same root as the template. Parameters without a value are omitted.
 */
export function matchRoute(route: RouteTemplate, path: string): Record<string, string> | undefined {
  const given = path.replace(/^\/|\/$/g, "");
  const values = given === "" ? [] : given.split("/").map(decodeSegment);
  const params: Record<string, string> = {};
  for (const [index, segment] of route.segments.entries()) {
    const single = segment.length === 1 ? segment[0] : undefined;
    if (single !== undefined && "name" in single && single.kind === "rest") {
      const rest = values.splice(index).join("/");
      return assign(params, single, rest === "" ? undefined : rest) ? params : undefined;
    }
    const value = values[index];
    if (value === undefined) {
      if (single === undefined || !("name" in single) || !assign(params, single, undefined)) {
        return undefined;
      }
    } else if (!matchSegment(segment, value, params)) return undefined;
  }
  return values.length <= route.segments.length ? params : undefined;
}

/**
 * Sorts routes as RoutePrecedence.cs of ASP.NET Core does: text before parameters, parameters with a constraint before
 * those without, and parameters that take the rest last.
 */
export function compareRoutes(one: RouteTemplate, other: RouteTemplate): number {
  const length = Math.max(one.segments.length, other.segments.length);
  for (let index = 0; index < length; index++) {
    const difference = precedence(one.segments[index]) - precedence(other.segments[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function precedence(segment: Segment | undefined): number {
  if (segment === undefined) return 0;
  const [part] = segment;
  if (segment.length > 1 || part === undefined) return 2;
  if ("literal" in part) return 1;
  return (part.kind === "rest" ? 5 : 3) - (part.constraints.length > 0 ? 1 : 0);
}

function parseSegment(template: string): (text: string) => Segment {
  return (text) => {
    if (text === "") throw refuse(template, "it has an empty segment");
    const parts: Part[] = [];
    for (const [piece] of text.matchAll(/\{(?:[^{}]|\{\{[^{}]*\}\}|\{[^{}]*\})*\}|[^{}]+|[{}]/g)) {
      if (piece === "{" || piece === "}")
        throw refuse(template, `a brace is not closed in "${text}"`);
      parts.push(piece.startsWith("{") ? parseParameter(template, piece) : { literal: piece });
    }
    if (parts.length > 1 && parts.some((part) => "kind" in part && part.kind !== "one")) {
      throw refuse(template, `an optional parameter must be a whole segment: "${text}"`);
    }
    return parts;
  };
}

function parseParameter(template: string, text: string): Parameter {
  const match =
    /^\{(\*{0,2})([A-Za-z_][\w-]*)((?::[a-z]+(?:\((?:[^()]|\([^()]*\))*\))?)*)(\?|=[^}]*)?\}$/i.exec(
      text,
    );
  if (match === null) throw refuse(template, `it contains the invalid parameter "${text}"`);
  const [, stars = "", name = "", constraints = "", suffix = ""] = match;
  const optional = suffix === "?" || suffix.startsWith("=");
  return {
    name,
    kind: stars !== "" ? "rest" : optional ? "optional" : "one",
    fallback: suffix.startsWith("=") ? suffix.slice(1) : undefined,
    constraints: [...constraints.matchAll(/:([a-z]+)(?:\(((?:[^()]|\([^()]*\))*)\))?/gi)].map(
      ([, kind = "", argument = ""]) => constraint(template, kind.toLowerCase(), argument),
    ),
  };
}

/** Constraints of "Route constraint reference" in the ASP.NET Core documentation. */
function constraint(template: string, kind: string, argument: string): Constraint {
  const [first = Number.NaN, second = first] = argument.split(",").map(Number);
  switch (kind) {
    case "int":
      return (value) => isWhole(value, 2n ** 31n);
    case "long":
      return (value) => isWhole(value, 2n ** 63n);
    case "decimal":
    case "double":
    case "float":
      return (value) => /^-?\d*\.?\d+(e[+-]?\d+)?$/i.test(value);
    case "bool":
      return (value) => /^(true|false)$/i.test(value);
    case "guid":
      return (value) => /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(value);
    case "datetime":
      return (value) => !Number.isNaN(Date.parse(value));
    case "alpha":
      return (value) => /^[a-z]*$/i.test(value);
    case "required":
      return (value) => value !== "";
    case "length":
      return ({ length }) => length >= first && length <= second;
    case "minlength":
      return ({ length }) => length >= first;
    case "maxlength":
      return ({ length }) => length <= first;
    case "min":
      return (value) => isWhole(value, 2n ** 63n) && Number(value) >= first;
    case "max":
      return (value) => isWhole(value, 2n ** 63n) && Number(value) <= first;
    case "range":
      return (value) =>
        isWhole(value, 2n ** 63n) && Number(value) >= first && Number(value) <= second;
    case "regex":
      // Templates double their braces: `{x:regex(^\d{{2}}$)}`.
      return (value) =>
        new RegExp(argument.replaceAll("{{", "{").replaceAll("}}", "}"), "i").test(value);
    default:
      throw refuse(template, `it contains the unknown constraint "${kind}"`);
  }
}

function isWhole(text: string, limit: bigint): boolean {
  if (!/^-?\d+$/.test(text)) return false;
  const value = BigInt(text);
  return value >= -limit && value < limit;
}

function matchSegment(segment: Segment, value: string, params: Record<string, string>): boolean {
  const [part] = segment;
  if (segment.length === 1 && part !== undefined) {
    if ("name" in part) return assign(params, part, value === "" ? undefined : value);
    return part.literal.toLowerCase() === value.toLowerCase();
  }
  const pattern = segment
    .map((piece) => ("name" in piece ? "(.+)" : escapePattern(piece.literal)))
    .join("");
  const match = new RegExp(`^${pattern}$`, "is").exec(value);
  if (match === null) return false;
  const parameters = segment.filter((piece) => "name" in piece);
  return parameters.every((parameter, index) => assign(params, parameter, match[index + 1]));
}

function escapePattern(literal: string): string {
  return literal.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** Stores one parameter's value. Returns false if a required value is missing or a constraint is violated. */
function assign(
  params: Record<string, string>,
  parameter: Parameter,
  value: string | undefined,
): boolean {
  const assigned = value ?? parameter.fallback;
  if (assigned === undefined) return parameter.kind !== "one";
  if (!parameter.constraints.every((holds) => holds(assigned))) return false;
  params[parameter.name] = assigned;
  return true;
}

/** As Kestrel does: an encoded slash stays encoded, and a segment with invalid encoding stays unchanged. */
function decodeSegment(segment: string): string {
  try {
    return segment
      .split(/(%2f)/i)
      .map((part, index) => (index % 2 ? part : decodeURIComponent(part)))
      .join("");
  } catch {
    return segment;
  }
}

function isRest(part: Part): boolean {
  return "kind" in part && part.kind === "rest";
}

function refuse(template: string, reason: string): Error {
  return new Error(`Cannot use route because ${reason}: "${template}"`);
}
