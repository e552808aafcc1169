import { epochMs, toIso } from "../time.ts";
import type { EpochMs } from "../time.ts";
import { quotedName } from "../location/characters.ts";
import type { Origins } from "../location/parse-endpoint.ts";
import { characterProblems } from "../location/written-url.ts";
import { decodePercent } from "../location/storage-names.ts";

/** The destination of a route's copies: a URL with variables that each blob fills. */
export type RouteTemplate = {
  /** Scheme and host; for the emulator, followed by the account. */
  root: string;
  container: string;
  /** The parts of the blob's name: decoded text and variables. */
  pieces: readonly Piece[];
};

type Piece = { text: string } | { variable: Variable };

/** The variables of a template. Dates are those of the event, in UTC. */
const variables = {
  container: ({ container }) => container,
  path: ({ path }) => path,
  /** The last part of the path. */
  name: ({ path }) => lastPart(path),
  /** The name without its extension. */
  stem: ({ path }) => stemOf(lastPart(path)),
  /** The extension without its dot; empty when there is none. */
  ext: ({ path }) => lastPart(path).slice(stemOf(lastPart(path)).length + 1),
  year: ({ at }) => toIso(at).slice(0, 4),
  month: ({ at }) => toIso(at).slice(5, 7),
  day: ({ at }) => toIso(at).slice(8, 10),
  hour: ({ at }) => toIso(at).slice(11, 13),
} as const satisfies Record<string, (blob: RoutedBlob) => string>;

type Variable = keyof typeof variables;

/** The blob that a template is filled for; `at` is the time of its event (epoch ms). */
export type RoutedBlob = { container: string; path: string; at: EpochMs };

export type ParsedTemplate =
  | { ok: true; template: RouteTemplate }
  | { ok: false; problems: string[] };

/** Parses a template. Its container may be `{container}`, because a route has only one source container. */
export function parseTemplate(
  text: string,
  { container, origins }: { container: string; origins: Origins },
): ParsedTemplate {
  const [, origin, rest] = /^(https?:\/\/[^/?#{}\s]+)\/([^]*)$/.exec(text) ?? [];
  if (origin === undefined || rest === undefined || !URL.canParse(origin)) {
    return { ok: false, problems: ["is not an absolute URL with a host and a path"] };
  }
  const problems = characterProblems(text);
  if (/[?#]/.test(rest)) problems.push('has "?" or "#"; write them as %3F and %23');
  const pieces = parsePieces(rest, problems);
  const { emulator } = origins;
  const isEmulated = [emulator.blob, emulator.file].includes(new URL(origin).origin);
  const account = isEmulated ? takeSegment(pieces) : [];
  const place = takeSegment(pieces);
  if (pieces.length === 0) problems.push("does not name a blob: a name must follow the container");
  if (
    [...account, ...place].some((piece) => "variable" in piece && piece.variable !== "container")
  ) {
    problems.push("has a variable before the blob's name (only {container} is allowed there)");
  }
  const texts = pieces.map((piece) => ("text" in piece ? piece.text : "-"));
  if (`/${texts.join("")}`.includes("//")) {
    problems.push('has "//", which some accounts treat as "/"');
  }
  if (problems.length > 0) return { ok: false, problems };
  const fill = (some: readonly Piece[]) =>
    fillPieces(some, { container, path: "", at: epochMs(0) });
  const root = [origin, ...(account.length === 0 ? [] : [fill(account)])].join("/");
  return { ok: true, template: { root, container: fill(place), pieces } };
}

/**
 * Builds the destination for one blob: its URL, the URL of an invented object in the same container or share (`base`),
 * and `path`, the decoded name.
 */
export function fillTemplate(
  { root, container, pieces }: RouteTemplate,
  blob: RoutedBlob,
): { url: string; base: string; path: string } {
  const path = fillPieces(pieces, blob);
  const place = `${root}/${encodeURIComponent(container)}`;
  // A name with an unpaired surrogate has no URL; it is rejected as a name.
  const name = path
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .split("/")
    .map(encodeURIComponent)
    .join("/");
  return { url: `${place}/${name}`, base: `${place}/x`, path };
}

/** The text that all destination names begin with, for blobs of `container` whose names begin with `sourceStart`. */
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

function parsePieces(text: string, problems: string[]): Piece[] {
  const pieces: Piece[] = [];
  for (const [whole, name] of text.matchAll(/\{([^{}]*)\}|[^{}]+|[{}]/g)) {
    if (name === undefined && /[{}]/.test(whole)) {
      problems.push("has an unbalanced brace");
    } else if (name === undefined) {
      const decoded = decodePercent(whole);
      if (decoded === null) problems.push("is not valid percent-encoded UTF-8");
      else pieces.push({ text: decoded });
    } else if (isVariable(name)) {
      pieces.push({ variable: name });
    } else {
      const known = Object.keys(variables).map((each) => `{${each}}`);
      const what = quotedName(name) === null ? "a variable" : `{${name}}`;
      problems.push(`has ${what}, which is not one of ${known.join(" ")}`);
      pieces.push({ variable: "name" }); // a placeholder, so that this problem does not cause others
    }
  }
  return pieces;
}

/** Removes and returns the pieces before the next "/". Also removes that slash. */
function takeSegment(pieces: Piece[]): Piece[] {
  const taken: Piece[] = [];
  for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
    const slash = "text" in piece ? piece.text.indexOf("/") : -1;
    if (!("text" in piece) || slash < 0) {
      taken.push(piece);
      continue;
    }
    if (slash > 0) taken.push({ text: piece.text.slice(0, slash) });
    if (slash + 1 < piece.text.length) pieces.unshift({ text: piece.text.slice(slash + 1) });
    break;
  }
  return taken;
}

function fillPieces(pieces: readonly Piece[], blob: RoutedBlob): string {
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

/** The name without its extension; ".profile" has none. */
function stemOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? name : name.slice(0, dot);
}
