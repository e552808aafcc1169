import { toIso } from "../time.ts";
import type { Origins } from "../location/parse-endpoint.ts";
import { percentDecoded } from "../location/storage-names.ts";

/** Where a route's copies go: a URL with places that each blob fills. */
export type RouteTemplate = {
  /** Scheme and host; for the emulator with the account behind it. */
  root: string;
  container: string;
  /** The name: texts, decoded, and variables. */
  pieces: readonly Piece[];
};

type Piece = { text: string } | { variable: Variable };

/** What a template can say of a blob. Dates are those of the event, in UTC. */
const variables = {
  container: ({ container }) => container,
  path: ({ path }) => path,
  /** The last part of the path. */
  name: ({ path }) => lastPart(path),
  /** The name without its extension. */
  stem: ({ path }) => stemOf(lastPart(path)),
  /** Without its dot; empty where there is none. */
  ext: ({ path }) => lastPart(path).slice(stemOf(lastPart(path)).length + 1),
  year: ({ at }) => toIso(at).slice(0, 4),
  month: ({ at }) => toIso(at).slice(5, 7),
  day: ({ at }) => toIso(at).slice(8, 10),
  hour: ({ at }) => toIso(at).slice(11, 13),
} as const satisfies Record<string, (blob: RoutedBlob) => string>;

type Variable = keyof typeof variables;

/** The blob that a template is filled for; `at` is the time of its event, epoch ms. */
export type RoutedBlob = { container: string; path: string; at: number };

export type ParsedTemplate =
  | { ok: true; template: RouteTemplate }
  | { ok: false; problems: string[] };

/** Reads a template. `{container}` may stand for the container too, as a route has but one. */
export function parseTemplate(
  text: string,
  { container, origins }: { container: string; origins: Origins },
): ParsedTemplate {
  const [, origin, rest] = /^(https?:\/\/[^/?#{}\s]+)\/([^]*)$/.exec(text) ?? [];
  if (origin === undefined || rest === undefined || !URL.canParse(origin)) {
    return { ok: false, problems: ["is not an absolute URL with a host and a path"] };
  }
  const problems: string[] = [];
  if (/[?#]/.test(rest)) problems.push('has "?" or "#"; write them as %3F and %23');
  const pieces = piecesOf(rest, problems);
  const { emulator } = origins;
  const isEmulated = [emulator.blob, emulator.file].includes(new URL(origin).origin);
  const account = isEmulated ? takeSegment(pieces) : [];
  const place = takeSegment(pieces);
  if (pieces.length === 0) problems.push("names no blob: something must follow the container");
  if (
    [...account, ...place].some((piece) => "variable" in piece && piece.variable !== "container")
  ) {
    problems.push("may vary only behind its container (and there by {container})");
  }
  const texts = pieces.map((piece) => ("text" in piece ? piece.text : "-"));
  if (`/${texts.join("")}`.includes("//")) {
    problems.push('has "//", which some accounts read as "/"');
  }
  if (problems.length > 0) return { ok: false, problems };
  const fill = (some: readonly Piece[]) => textOf(some, { container, path: "", at: 0 });
  const root = [origin, ...(account.length === 0 ? [] : [fill(account)])].join("/");
  return { ok: true, template: { root, container: fill(place), pieces } };
}

/** The destination's URL for one blob, and its name as it must come out of that URL again. */
export function fillTemplate(
  { root, container, pieces }: RouteTemplate,
  blob: RoutedBlob,
): { url: string; path: string } {
  const path = textOf(pieces, blob);
  const name = path.split("/").map(encodeURIComponent).join("/");
  return { url: `${root}/${encodeURIComponent(container)}/${name}`, path };
}

/**
 * What every name begins with that the template can give for blobs of `container` whose own names
 * begin with `sourceStart`.
 */
export function templateStart(
  { pieces }: RouteTemplate,
  { container, sourceStart }: { container: string; sourceStart: string },
): string {
  let start = "";
  for (const piece of pieces) {
    if ("text" in piece) start += piece.text;
    else if (piece.variable === "container") start += container;
    else return piece.variable === "path" ? start + sourceStart : start;
  }
  return start;
}

function piecesOf(text: string, problems: string[]): Piece[] {
  const pieces: Piece[] = [];
  for (const [whole, name] of text.matchAll(/\{([^{}]*)\}|[^{}]+|[{}]/g)) {
    if (name === undefined && /[{}]/.test(whole)) {
      problems.push("has a brace without its other half");
    } else if (name === undefined) {
      const decoded = percentDecoded(whole);
      if (decoded === null) problems.push("is not valid percent-encoded UTF-8");
      else pieces.push({ text: decoded });
    } else if (isVariable(name)) {
      pieces.push({ variable: name });
    } else {
      const known = Object.keys(variables).map((each) => `{${each}}`);
      problems.push(`has {${name}}, which is none of ${known.join(" ")}`);
      pieces.push({ variable: "name" }); // in its place, so that nothing else seems wrong
    }
  }
  return pieces;
}

/** Takes what stands before the next "/", and that, off the front. */
function takeSegment(pieces: Piece[]): Piece[] {
  const taken: Piece[] = [];
  for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
    const end = "text" in piece ? piece.text.indexOf("/") : -1;
    if (!("text" in piece) || end < 0) {
      taken.push(piece);
      continue;
    }
    if (end > 0) taken.push({ text: piece.text.slice(0, end) });
    if (end + 1 < piece.text.length) pieces.unshift({ text: piece.text.slice(end + 1) });
    break;
  }
  return taken;
}

function textOf(pieces: readonly Piece[], blob: RoutedBlob): string {
  return pieces
    .map((piece) => ("text" in piece ? piece.text : variables[piece.variable](blob)))
    .join("");
}

function isVariable(name: string): name is Variable {
  return Object.hasOwn(variables, name);
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** ".profile" is a stem without an extension. */
function stemOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? name : name.slice(0, dot);
}
