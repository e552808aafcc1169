import type { Mutant } from "../mutant.ts";

const output = "test/unit/cli/output.test.ts";
const secretArguments = "test/unit/cli/secret-arguments.test.ts";

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
  {
    breaks: "a SAS that is given as an id is printed",
    file: "src/cli/output.ts",
    find: "argument === undefined ? undefined : shownId(argument)",
    replace: "argument",
    suites: [output],
  },
  {
    breaks: "a key that is given as an id is printed when watching is stopped",
    file: "src/cli/output.ts",
    find: "const ids = args.map(shownId);",
    replace: "const ids = args;",
    suites: [output],
  },
  {
    breaks: "an error of the app that quotes an argument with a SAS is printed with it",
    file: "src/cli/output.ts",
    find: "stderr.write(`${printable(hideSecrets(text))}\\n`)",
    replace: "stderr.write(`${printable(text)}\\n`)",
    suites: [secretArguments],
  },
  {
    breaks: "an error as JSON quotes an argument with a SAS",
    file: "src/cli/output.ts",
    find: 'return typeof value === "string" ? hideSecrets(value) : value;',
    replace: "return value;",
    suites: [secretArguments],
  },
  {
    breaks: "an unknown flag that is a URL with an encoded SAS is printed",
    file: "src/cli/secrets/secret-queries.ts",
    find: "parametersOf(text).some(isSecret) || hasSignature(text)",
    replace: "parametersOf(text).some(isSecret)",
    suites: [secretArguments],
  },
];
