import type { Mutant } from "../mutant.ts";

/** Mistakes in the command line that execute or print what a user typed. */
export const commandLineMutants: readonly Mutant[] = [
  {
    breaks: "Tab in bash evaluates the words of the line",
    file: "src/cli/completion.ts",
    find: 'ferry complete -- "\\${words[@]:1:cword}"',
    replace: 'eval "ferry complete -- \\${words[*]:1:cword}"',
    suites: ["test/e2e/cli/completion.test.ts"],
  },
  {
    breaks: "a SAS instead of the name of its variable is printed",
    file: "src/cli/secrets/sas.ts",
    find: "if (sas === undefined && !/^\\w{1,64}$/.test(name)) {",
    replace: "if (sas === undefined && name === null) {",
    suites: ["test/e2e/cli/secrets.test.ts"],
  },
];
