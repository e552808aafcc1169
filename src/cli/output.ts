import { FerryError } from "../client/ferry.ts";
import { printable } from "../copy/printable.ts";
import { exitCodes } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";
import { nameField, nameFlags } from "./flags/flag-names.ts";
import { hideSecrets, shownId } from "./secrets/secret-queries.ts";
import type { Shell } from "./shell.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Where text goes: results to standard output, everything else to standard error. Names come from callers and from
 * Storage: characters on which a terminal would act are printed as `\u` and four digits. Standard error may repeat the
 * arguments, so it contains no word with a secret.
 */
export type Output = {
  /** Whether results are JSON: one object on each line. */
  isJson: boolean;
  /** Prints a line of a result; not with `isJson`. */
  line(text: string): void;
  /** Prints a result as JSON; only with `isJson`. */
  json(value: unknown): void;
  /** Prints a line for people on standard error; not with `isJson`. */
  note(text: string): void;
  /** Prints an error on standard error, with the id of its copy, and returns the exit code for it. */
  error(error: unknown, id?: string): ExitCode;
  /** Prints on standard error that copies or jobs are no longer watched. */
  stopped(ids: readonly string[], of: { noun: string; nouns: string; command: string }): void;
};

export function createOutput(
  { stdout, stderr }: Pick<Shell, "stdout" | "stderr">,
  isJson: boolean,
): Output {
  const toStderr = (text: string) => void stderr.write(`${printable(hideSecrets(text))}\n`);
  // The escapes of `printable` are also those of JSON.
  const toJson = (value: unknown, replace?: typeof hideText) =>
    `${printable(JSON.stringify(value, replace))}\n`;
  return {
    isJson,
    line(text) {
      if (!isJson) stdout.write(`${printable(text)}\n`);
    },
    json(value) {
      if (isJson) stdout.write(toJson(value));
    },
    note(text) {
      if (!isJson) toStderr(text);
    },
    error(error, argument) {
      const described = describe(error);
      const { exitCode, ...body } = described;
      const id = argument === undefined ? undefined : shownId(argument);
      if (isJson) stderr.write(toJson({ error: { id, ...body } }, hideText));
      else for (const line of toLines(described, id)) toStderr(line);
      return exitCode;
    },
    stopped(args, { noun, nouns, command }) {
      const ids = args.map(shownId);
      const all = ids.join(" ");
      const lines = [
        `Watching was stopped; ${ids.length === 1 ? `the ${noun} continues` : `the ${nouns} continue`}.`,
        `To abort:       ${command} abort ${all}`,
        `To watch again: ${command} wait ${all}`,
      ];
      if (isJson) stderr.write(toJson({ stopped: ids }));
      else for (const line of lines) toStderr(line);
    },
  };
}

type Described = {
  cause: string;
  message: string;
  fix: string | null;
  status: number | null;
  errors: readonly { pointer: string; message: string }[];
  exitCode: ExitCode;
};

const timeoutFix = "Try again, or allow more time with --timeout <seconds>";

function describe(error: unknown): Described {
  if (error instanceof FerryError) {
    const { causeName, message, fix, status, errors, kind } = error;
    const byKind = {
      problem: exitCodes.rejected,
      foreign: exitCodes.noResponse,
      network: exitCodes.noResponse,
      timeout: exitCodes.noResponse,
      usage: exitCodes.usage,
    } as const;
    const described = { cause: causeName, message, status, errors, exitCode: byKind[kind] };
    return { ...described, fix: kind === "timeout" ? timeoutFix : fix };
  }
  const none = { status: null, errors: [] };
  if (error instanceof UsageError) {
    const { message, fix } = error;
    return { ...none, cause: "usage", message, fix, exitCode: exitCodes.usage };
  }
  // Any other error is a bug of this program; its message helps to find the bug.
  const message = `Cannot continue because of a bug: ${String(error)}`;
  return { ...none, cause: "bug", message, fix: null, exitCode: exitCodes.bug };
}

/** A replacer for JSON.stringify: hides the words of a text that contain a secret. */
function hideText(_: string, value: unknown): unknown {
  return typeof value === "string" ? hideSecrets(value) : value;
}

function toLines({ message, errors, fix }: Described, id: string | undefined): string[] {
  return [
    `ferry: ${id === undefined ? "" : `${id}: `}${nameFlags(message)}`,
    ...errors.map((each) => `  ${`${nameField(each.pointer)} ${nameFlags(each.message)}`.trim()}`),
    ...(fix === null ? [] : [`Fix: ${nameFlags(fix)}`]),
  ];
}
