import { PassThrough } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createOutput } from "../../../src/cli/output.ts";
import { UsageError } from "../../../src/cli/usage-error.ts";
import { FerryError } from "../../../src/client/ferry.ts";

/* The output of the command line for any text. */

/** The streams of a shell, and the text that was written to them. */
function capture() {
  const stream = () => Object.assign(new PassThrough(), { isTTY: false }) as never; // only `write` is used
  const [stdout, stderr]: [PassThrough, PassThrough] = [stream(), stream()];
  const read = (from: PassThrough) => String(from.read() ?? "");
  return { shell: { stdout, stderr } as never, out: () => read(stdout), err: () => read(stderr) };
}

const anyText = fc.string({ unit: "binary" });
const acting = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/;

test("a line is one line, without a character on which a terminal acts", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const { shell, out, err } = capture();
      const output = createOutput(shell, false);
      output.line(text);
      output.note(text);
      output.stopped([text], { noun: "copy", nouns: "copies", command: "ferry" });
      output.json(text);
      const [printed, noted] = [out(), err()];
      expect(printed.split("\n")).toHaveLength(2);
      expect(noted.split("\n")).toHaveLength(5);
      expect(printed + noted).not.toMatch(acting);
    }),
  );
});

test("JSON is one line, and has the text as it is", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const { shell, out, err } = capture();
      const output = createOutput(shell, true);
      output.json({ [text]: text });
      output.line(text);
      output.note(text);
      const printed = out();
      expect(printed.split("\n")).toHaveLength(2);
      expect(printed).not.toMatch(acting);
      expect(JSON.parse(printed)).toEqual(Object.fromEntries([[text, text]]));
      expect(err()).toBe("");
    }),
  );
});

test.each([
  ["problem", 4],
  ["foreign", 5],
  ["network", 5],
  ["timeout", 5],
  ["usage", 2],
] as const)("an error of the client of the kind %s exits with %i", (kind, code) => {
  const { shell, err } = capture();
  const error = new FerryError({ kind, causeName: kind, message: "Message", fix: "Do it" });
  expect(createOutput(shell, false).error(error)).toBe(code);
  const fix =
    kind === "timeout" ? "Try again, or allow more time with --timeout <seconds>" : "Do it";
  expect(err()).toBe(`ferry: Message\nFix: ${fix}\n`);
});

test("an error names the flags; as JSON, the fields of the API", () => {
  const { shell, err } = capture();
  const errors = [{ pointer: "/options/ifBusy", message: "needs options.tier" }];
  const error = new FerryError({
    kind: "problem",
    causeName: "x",
    message: "its options are not allowed: options/ifBusy",
    fix: 'Set options.overwrite to "always"',
    errors,
  });
  createOutput(shell, false).error(error);
  expect(err()).toBe(
    'ferry: its options are not allowed: --if-busy\n  --if-busy needs --tier\nFix: Set --overwrite to "always"\n',
  );
  createOutput(shell, true).error(error);
  expect(JSON.parse(err()).error).toMatchObject({ fix: error.fix, message: error.message, errors });
});

test("wrong arguments exit with 2, and an unexpected error with 70", () => {
  const { shell, err } = capture();
  const output = createOutput(shell, true);
  expect(output.error(new UsageError("Wrong"))).toBe(2);
  expect(JSON.parse(err())).toMatchObject({
    error: { cause: "usage", message: "Wrong", fix: null },
  });
  expect(output.error(new TypeError("x is not a function"))).toBe(70);
  expect(JSON.parse(err())).toMatchObject({ error: { cause: "bug" } });
});

test.each([
  ["a SAS", "sv=2026&sp=r&sig=canary%3D"],
  ["a SAS with blanks", "sv = 2026 & sig = canary"],
  ["a SAS in quotation marks", "sv=2026&sig='canary'"],
  ["an account key", `${"canary+/".repeat(11)}==`],
  ["a URL with a SAS", "https://acct1.blob.core.windows.net/a/b?sig=canary"],
])(
  "%s in place of an id is printed neither with an error nor when watching is stopped",
  (_, id) => {
    for (const isJson of [false, true]) {
      const { shell, err } = capture();
      const output = createOutput(shell, isJson);
      output.error(new UsageError("Wrong"), id);
      output.stopped(["a-1", id], { noun: "copy", nouns: "copies", command: "ferry" });
      const printed = err();
      expect(printed).not.toContain("canary");
      expect(printed).toContain("a-1");
      expect(printed).toContain("(not shown)");
    }
  },
);

test("an example of a SAS in a message stays, and a SAS in it is hidden", () => {
  const { shell, err } = capture();
  const example = "A SAS is a text such as sv=…&se=…&sp=r&sig=…, without the URL before it";
  createOutput(shell, false).error(new UsageError("Cannot use sv=1&sig=canary", example));
  expect(err()).toBe(`ferry: Cannot use (not shown)\nFix: ${example}\n`);
});
