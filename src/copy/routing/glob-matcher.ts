import { expandGlob } from "./glob.ts";
import type { Glob } from "./glob.ts";

/** Globs that are compiled together. */
export type GlobMatcher = {
  /** Returns true if one of the globs matches the whole name. */
  matches(name: string): boolean;
  /** How many steps each character of a name takes, at most; it depends only on the size of the globs. */
  stepsPerCharacter: number;
};

type Step =
  | { kind: "char"; char: string }
  /** One character except "/". */
  | { kind: "one" }
  /** Any characters except "/". */
  | { kind: "some" }
  | { kind: "any" }
  /** Zero or more folders. `inside` follows it, and matches the names of whole folders. */
  | { kind: "folders" }
  | { kind: "inside" }
  /** The end of an alternative. */
  | { kind: "end" };

const bits = 32;

/**
 * Compiles globs to one nondeterministic automaton, and simulates all of its states at the same time: each is one bit,
 * so a step handles 32 of them. A name therefore takes time proportional to its length, for any name and any globs.
 */
export function createMatcher(globs: readonly Glob[]): GlobMatcher {
  const alternatives = new Set(globs.flatMap(expandGlob));
  const steps = [...alternatives].flatMap(parseSteps);
  const words = Math.ceil(steps.length / bits);
  const statesWhere = (isIn: (step: Step, index: number) => boolean): Uint32Array => {
    const states = new Uint32Array(words);
    for (const [index, step] of steps.entries()) {
      if (isIn(step, index)) add(states, index);
    }
    return states;
  };
  const kinds = (...some: Step["kind"][]) => statesWhere(({ kind }) => some.includes(kind));
  const starts = statesWhere((_, index) => index === 0 || steps[index - 1]?.kind === "end");
  const ends = kinds("end");
  const folders = kinds("folders");
  const skips = kinds("some", "any");
  /** The states that stay after a character. */
  const stays = { slash: kinds("any", "inside"), other: kinds("any", "inside", "some") };
  /** The states that advance by one after a character. */
  const anyOther = kinds("one");
  const advances = new Map<string, Uint32Array>([["/", kinds("inside")]]);
  for (const [index, step] of steps.entries()) {
    if (step.kind !== "char") continue;
    const states = advances.get(step.char) ?? anyOther.slice();
    add(states, index);
    advances.set(step.char, states);
  }

  let now = new Uint32Array(words);
  let next = new Uint32Array(words);

  /** Moves from `now` to `next`, and returns false if no state is left. */
  const move = (from: Uint32Array, advance: Uint32Array, stay: Uint32Array): boolean => {
    let left = 0;
    // The bits that leave a word at its upper end.
    let [advanced, skippedFolders, skipped] = [0, 0, 0];
    for (let word = 0; word < words; word++) {
      const state = from[word] ?? 0;
      const moving = state & (advance[word] ?? 0);
      let reached = (state & (stay[word] ?? 0)) | (moving << 1) | advanced | skippedFolders;
      advanced = moving >>> 31;
      // Without a character: from `folders` into it and past it, then past `some` and `any`. Runs of them are one step,
      // so neither leads to the same kind.
      const outside = reached & (folders[word] ?? 0);
      reached |= (outside << 1) | (outside << 2) | skipped;
      skippedFolders = (outside >>> 31) | (outside >>> 30);
      const idle = reached & (skips[word] ?? 0);
      reached |= idle << 1;
      skipped = idle >>> 31;
      next[word] = reached;
      left |= reached;
    }
    [now, next] = [next, now];
    return left !== 0;
  };

  const none = new Uint32Array(words);
  return {
    stepsPerCharacter: words,
    matches(name) {
      let isLeft = move(starts, none, starts);
      for (const char of name) {
        if (!isLeft) return false;
        const advance = advances.get(char) ?? anyOther;
        isLeft = move(now, advance, char === "/" ? stays.slash : stays.other);
      }
      return isLeft && now.some((states, word) => (states & (ends[word] ?? 0)) !== 0);
    },
  };
}

function add(states: Uint32Array, index: number): void {
  const word = Math.floor(index / bits);
  states[word] = (states[word] ?? 0) | (1 << (index % bits));
}

/** The steps of one alternative. */
function parseSteps(text: string): Step[] {
  const steps: Step[] = [];
  for (const [token] of text.matchAll(/(?<=^|\/)(?:\*\*\/)+|\*\*+|\*|\?|[^*?]+/g)) {
    if (token === "*") steps.push({ kind: "some" });
    else if (token === "?") steps.push({ kind: "one" });
    else if (token.endsWith("/") && token.startsWith("*")) {
      steps.push({ kind: "folders" }, { kind: "inside" });
    } else if (token.startsWith("*")) steps.push({ kind: "any" });
    else steps.push(...Array.from(token, (char): Step => ({ kind: "char", char })));
  }
  return [...steps, { kind: "end" }];
}
