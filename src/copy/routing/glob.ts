/** A parsed pattern for names: its alternatives, each a sequence of parts. */
export type Glob = readonly (readonly Part[])[];

/** `inside` follows `folders`: it matches the names of whole folders. */
type Part =
  | { kind: "text"; text: string }
  | { kind: "one" | "some" | "any" | "folders" | "inside" };

export type ParsedGlob = { ok: true; glob: Glob } | { ok: false; problem: string };

/** Limits the number of alternatives that all `{a,b}` groups of a pattern produce together. */
const maxAlternatives = 64;

/**
 * Parses a glob. `*` matches any characters except "/", `?` one such character, and `**` any characters.
 * `**` followed by "/" at the start of a folder matches zero or more folders; `{a,b}` matches either. All
 * other characters match themselves, including a dot at the start of a name. Syntax that only other tools support
 * is rejected, because it would never match as intended.
 */
export function parseGlob(text: string): ParsedGlob {
  if (text === "") return { ok: false, problem: "is empty" };
  const unsupported = /[[\]\\]|^!/.exec(text)?.[0];
  if (unsupported !== undefined) {
    const problem = `has "${unsupported}", which is not supported; use *, **, ? and {a,b}`;
    return { ok: false, problem };
  }
  const alternatives = expand(text);
  return alternatives === null
    ? {
        ok: false,
        problem: `has unbalanced or nested braces, or more than ${maxAlternatives} alternatives`,
      }
    : { ok: true, glob: alternatives.map(parseParts) };
}

/** Returns true if the whole name matches. Takes time proportional to the name's length, whatever the pattern. */
export function matches(glob: Glob, name: string): boolean {
  return glob.some((parts) => matchesOne(parts, name));
}

/** The longest text that every matching name begins with. */
export function literalStart(glob: Glob): string {
  const [first = "", ...others] = glob.map(([part]) => (part?.kind === "text" ? part.text : ""));
  let length = first.length;
  for (const other of others) {
    while (!other.startsWith(first.slice(0, length))) length--;
  }
  return first.slice(0, length);
}

/** Expands `{a,b}` to its alternatives; null when braces are unbalanced or nested, or there are too many. */
function expand(text: string): string[] | null {
  const open = text.indexOf("{");
  if (open < 0) return text.includes("}") ? null : [text];
  const close = text.indexOf("}", open);
  const choice = text.slice(open + 1, close);
  if (close < 0 || choice.includes("{") || text.slice(0, open).includes("}")) return null;
  const rest = expand(text.slice(close + 1));
  if (rest === null || rest.length * choice.split(",").length > maxAlternatives) return null;
  return choice.split(",").flatMap((one) => rest.map((tail) => text.slice(0, open) + one + tail));
}

function parseParts(text: string): Part[] {
  const parts: Part[] = [];
  for (const [token] of text.matchAll(/(?<=^|\/)\*\*\/|\*\*+|\*|\?|[^*?]+/g)) {
    if (token === "**/") parts.push({ kind: "folders" }, { kind: "inside" });
    else if (token.startsWith("**")) parts.push({ kind: "any" });
    else if (token === "*") parts.push({ kind: "some" });
    else if (token === "?") parts.push({ kind: "one" });
    else parts.push({ kind: "text", text: token });
  }
  return parts;
}

/** Simulates a nondeterministic automaton: `at` contains every step that the characters so far can reach. */
function matchesOne(parts: readonly Part[], name: string): boolean {
  const steps = parts.flatMap((part): Step[] =>
    part.kind === "text"
      ? Array.from(part.text, (char) => ({ kind: "char", char }))
      : [{ kind: part.kind }],
  );
  let at = withSkips(steps, [0]);
  for (const char of name) {
    const next = [...at].flatMap((index) => nextSteps(steps[index], index, char));
    at = withSkips(steps, next);
    if (at.size === 0) return false;
  }
  return at.has(steps.length);
}

type Step = { kind: "char"; char: string } | { kind: Exclude<Part["kind"], "text"> };

/** Adds the steps that can be reached without consuming a character. */
function withSkips(steps: readonly Step[], from: readonly number[]): Set<number> {
  const reached = new Set<number>();
  const pending = [...from];
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    const kind = steps[index]?.kind;
    if (kind === "some" || kind === "any") pending.push(index + 1);
    if (kind === "folders") pending.push(index + 1, index + 2);
  }
  return reached;
}

/** The steps that one more character can reach. */
function nextSteps(step: Step | undefined, index: number, char: string): number[] {
  switch (step?.kind) {
    case "char":
      return step.char === char ? [index + 1] : [];
    case "one":
      return char === "/" ? [] : [index + 1];
    case "some":
      return char === "/" ? [] : [index];
    case "any":
      return [index];
    case "inside":
      return char === "/" ? [index, index + 1] : [index];
    default:
      return []; // the end of the pattern, or "folders", which matches no character
  }
}
