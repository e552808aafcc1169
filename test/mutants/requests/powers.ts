import type { Mutant } from "../mutant.ts";

const powers = "test/e2e/access/powers.test.ts";
const decisions = "test/unit/copy/request/powers.test.ts";

/** Mistakes in the checks of the effects of options apart from overwriting the destination. */
export const optionPowerMutants: readonly Mutant[] = [
  {
    breaks: "a pair without a word grants the mode of a file",
    file: "src/copy/request/powers.ts",
    find: '"file.mode": permissions,',
    replace: '"file.mode": free,',
    suites: [powers, decisions],
  },
  {
    breaks: "a pair without a word grants the permission of a file",
    file: "src/copy/request/powers.ts",
    find: '"file.permission": permissions,',
    replace: '"file.permission": free,',
    suites: [powers, decisions],
  },
  {
    breaks: "a caller along a route archives its destination",
    file: "src/copy/request/powers.ts",
    find: 'needs: ({ tier }) => tier === "Archive",',
    replace: "needs: () => false,",
    suites: [powers, decisions],
  },
  {
    breaks: "a caller along a route makes its file read-only",
    file: "src/copy/request/powers.ts",
    find: 'attributes.includes("ReadOnly")',
    replace: 'attributes[0] === "NoScrubData"',
    suites: [powers, decisions],
  },
  {
    breaks: "a route cannot set what only a route may set",
    file: "src/copy/request/powers.ts",
    find: "|| route.sets.includes(whole)) return [];",
    replace: ") return [];",
    suites: [powers, decisions],
  },
];
