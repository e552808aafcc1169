/** A pattern for names, ready to match: its alternatives, each a chain of parts. */
export type Glob = readonly (readonly Part[])[];

/** `inside` stands behind `folders`: it is where whole folders are being read. */
type Part = { is: "text"; text: string } | { is: "one" | "some" | "any" | "folders" | "inside" };

export type ParsedGlob = { ok: true; glob: Glob } | { ok: false; problem: string };

/** What `{a,b}` may multiply to. */
const maxAlternatives = 64;

/**
 * Reads a glob. `*` is any run of characters without "/", `?` is one of them, `**` any run at all, and
 * `**` followed by "/" at the start of a folder is any number of folders, none as well; `{a,b}` is
 * either. Everything else stands for itself, names that begin with a dot included. What other tools
 * read as more than that is refused, so that nobody waits for matches that never come.
 */
export function parseGlob(text: string): ParsedGlob {
  if (text === "") return { ok: false, problem: "is empty" };
  const odd = /[[\]\\]|^!/.exec(text)?.[0];
  if (odd !== undefined) {
    const problem = `has "${odd}", which is not known here; use *, **, ? and {a,b}`;
    return { ok: false, problem };
  }
  const alternatives = expand(text);
  return alternatives === null
    ? {
        ok: false,
        problem: `has braces that do not pair, or more than ${maxAlternatives} choices`,
      }
    : { ok: true, glob: alternatives.map(partsOf) };
}

/** Whether the whole name matches. Takes time in proportion to the name, whatever the pattern. */
export function matches(glob: Glob, name: string): boolean {
  return glob.some((parts) => matchesOne(parts, name));
}

/** What every name that matches begins with. */
export function literalStart(glob: Glob): string {
  const [first = "", ...others] = glob.map(([part]) => (part?.is === "text" ? part.text : ""));
  let length = first.length;
  for (const other of others) {
    while (!other.startsWith(first.slice(0, length))) length--;
  }
  return first.slice(0, length);
}

/** The texts that `{a,b}` stands for; null where braces do not pair. */
function expand(text: string): string[] | null {
  const open = text.indexOf("{");
  if (open < 0) return text.includes("}") ? null : [text];
  const close = text.indexOf("}", open);
  const choice = text.slice(open + 1, close);
  if (close < 0 || choice.includes("{") || text.slice(0, open).includes("}")) return null;
  const rest = expand(text.slice(close + 1));
  if (rest === null || rest.length * choice.split(",").length > maxAlternatives) return null;
  return choice.split(",").flatMap((one) => rest.map((end) => text.slice(0, open) + one + end));
}

function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  for (const [token] of text.matchAll(/(?<=^|\/)\*\*\/|\*\*+|\*|\?|[^*?]+/g)) {
    if (token === "**/") parts.push({ is: "folders" }, { is: "inside" });
    else if (token.startsWith("**")) parts.push({ is: "any" });
    else if (token === "*") parts.push({ is: "some" });
    else if (token === "?") parts.push({ is: "one" });
    else parts.push({ is: "text", text: token });
  }
  return parts;
}

/** Follows all ways through the steps at once: `at` holds every place that the name so far leads to. */
function matchesOne(parts: readonly Part[], name: string): boolean {
  const steps = parts.flatMap((part): Step[] =>
    part.is === "text"
      ? Array.from(part.text, (char) => ({ is: "char", char }))
      : [{ is: part.is }],
  );
  let at = reach(steps, [0]);
  for (const char of name) {
    const next = [...at].flatMap((index) => after(steps[index], index, char));
    at = reach(steps, next);
    if (at.size === 0) return false;
  }
  return at.has(steps.length);
}

type Step = { is: "char"; char: string } | { is: Exclude<Part["is"], "text"> };

/** Adds what can be skipped without a character. */
function reach(steps: readonly Step[], from: readonly number[]): Set<number> {
  const reached = new Set<number>();
  const left = [...from];
  for (let index = left.pop(); index !== undefined; index = left.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    const is = steps[index]?.is;
    if (is === "some" || is === "any") left.push(index + 1);
    if (is === "folders") left.push(index + 1, index + 2);
  }
  return reached;
}

/** Where one more character leads from a step. */
function after(step: Step | undefined, index: number, char: string): number[] {
  switch (step?.is) {
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
      return []; // the end, or "folders", which is only passed through
  }
}
