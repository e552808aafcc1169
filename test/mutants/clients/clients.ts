import type { Mutant } from "../mutant.ts";

const calls = "test/unit/client/ferry.test.ts";
const failures = "test/unit/client/failures.test.ts";
const connection = "test/unit/cli/connection.test.ts";
const errors = "test/e2e/cli/errors.test.ts";
const pipe = "test/e2e/cli/pipe.test.ts";

/** Mistakes in the client and the command line. */
export const clientMutants: readonly Mutant[] = [
  {
    breaks: "the client sends its key to the target of a redirect",
    file: "src/client/send.ts",
    find: 'redirect: "manual",',
    replace: 'redirect: "follow",',
    suites: [failures],
  },
  {
    breaks: "the client quotes a header that cannot be sent",
    file: "src/client/send.ts",
    find: "because its value has invalid characters`",
    replace: "because its value has invalid characters: ${value}`",
    suites: [failures],
  },
  {
    breaks: "the client repeats a call although the app's settings are wrong",
    file: "src/client/send.ts",
    find: "if (status === 503) return retryAfter !== null;",
    replace: "if (status === 503) return true;",
    suites: [failures],
  },
  {
    breaks: "the client ends a list at an empty page",
    file: "src/client/pages.ts",
    find: "yield* page.items;",
    replace: "if (page.items.length === 0) return;\n    yield* page.items;",
    suites: [calls],
  },
  {
    breaks: "the client reads a copy faster than the app allows",
    file: "src/client/reader.ts",
    find: "wasHeld ? heldPauseMs : seconds * 1_000",
    replace: "wasHeld ? heldPauseMs : heldPauseMs * Math.sign(seconds)",
    suites: [calls],
  },
  {
    breaks: "the client accepts the JSON of another app as a copy",
    file: "src/client/ferry.ts",
    find: "if (Object.hasOwn(Object(body), field) && hasNumbers(body)) return;",
    replace: "if (response.ok) return;",
    suites: [failures],
  },
  {
    breaks: "the command line sends the key of its file to another app",
    file: "src/cli/connection.ts",
    find: "=== originOf(url) ? file.key : undefined",
    replace: "=== originOf(url) ? file.key : file.key",
    suites: [connection],
  },
  {
    breaks: "the command line uses a file that a group can read",
    file: "src/cli/connection.ts",
    find: "(mode & 0o077) !== 0",
    replace: "(mode & 0o007) !== 0",
    suites: [connection],
  },
  {
    breaks: "the command line sends a key over http",
    file: "src/cli/connection.ts",
    find: 'protocol === "http:" && !isLoopback',
    replace: 'protocol === "ws:" && !isLoopback',
    suites: [connection],
  },
  {
    breaks: "the command line accepts a SAS that every user of the machine can read",
    file: "src/cli/secrets/sas.ts",
    find: "if (!hasSecret(url)) return;",
    replace: "if (!hasSecret(url) || url !== '') return;",
    suites: [errors],
  },
  {
    breaks: "the command line accepts a URL that is signed for S3 in the arguments",
    file: "src/cli/secrets/secret-queries.ts",
    find: "parametersOf(rest).some(isSecret) ||",
    replace: "parametersOf(rest).some(([name]) => name === 'sig') ||",
    suites: ["test/unit/cli/secret-queries.test.ts"],
  },
  {
    breaks: "the errors of the command line quote a SAS",
    file: "src/cli/run-cli.ts",
    find: "stderr.write(byLine(hideSecrets(text)))",
    replace: "stderr.write(byLine(text))",
    suites: ["test/e2e/cli/secrets.test.ts"],
  },
  {
    breaks: "the command line prints names with control characters unchanged",
    file: "src/cli/output.ts",
    find: "if (!isJson) stdout.write(`${printable(text)}\\n`);",
    replace: "if (!isJson) stdout.write(`${text}\\n`);",
    suites: [errors],
  },
  {
    breaks: "the bars show texts with control characters unchanged",
    file: "src/cli/watch/progress-view.ts",
    find: "return printable((isMany",
    replace: "return String((isMany",
    suites: ["test/unit/cli/progress-view.test.ts"],
  },
  {
    breaks: "errors of the command line name the fields of the API",
    file: "src/cli/output.ts",
    find: "`${nameField(each.pointer)} ${nameFlags(each.message)}`",
    replace: "`${each.pointer} ${nameFlags(each.message)}`",
    suites: ["test/unit/cli/output.test.ts"],
  },
  {
    breaks: "the command line replaces words in URLs",
    file: "src/cli/flags/flag-names.ts",
    find: "(?<![\\w./%=&?:~-])",
    replace: "(?<![\\w])",
    suites: ["test/unit/cli/flag-names.test.ts"],
  },
  {
    breaks: "a pasted key is shown as a wrong URL",
    file: "src/client/parse-base.ts",
    find: "word.length <= maxWordLength",
    replace: "word.length <= maxWordLength * 9",
    suites: [errors],
  },
  {
    breaks: "the client repeats a call although the server does not speak TLS",
    file: "src/client/send.ts",
    find: "return causeName === kind;",
    replace: "return causeName !== 'usage';",
    suites: ["test/unit/client/connections.test.ts"],
  },
  {
    breaks: "a paused job exits like one that succeeded",
    file: "src/cli/watch/jobs.ts",
    find: 'return status === "paused" ? exitCodes.paused : exitCodes.ok;',
    replace: 'return status === "paused" ? exitCodes.ok : exitCodes.ok;',
    suites: ["test/e2e/cli/jobs.test.ts"],
  },
  {
    breaks: "a terminal shows characters without a width",
    file: "src/copy/printable.ts",
    find: "\\p{Default_Ignorable_Code_Point}\\u2800]",
    replace: "]",
    suites: ["test/unit/copy/printable.test.ts"],
  },
  {
    breaks: "of several copies, one that succeeded hides one that failed",
    file: "src/cli/exit-codes.ts",
    find: "[130, 70, 5, 4, 2, 1, 3, 6, 0]",
    replace: "[130, 70, 5, 4, 2, 0, 1, 3, 6]",
    suites: [pipe],
  },
];
