import { Command, InvalidArgumentError, Option } from "commander";
import type { Ferry } from "../../client/ferry.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { Output } from "../output.ts";
import type { Shell } from "../shell.ts";

/** The dependencies of a command. */
export type Context = {
  shell: Shell;
  output: Output;
  /** Creates the client; throws a `UsageError` if the URL or the key cannot be used. */
  connect(): Ferry;
};

/** The flags that every command has. */
export type SharedFlags = { json?: true; timeout?: number };

/** Runs the action of a command: its errors are printed, and determine the exit code. */
export type Run = (
  flags: SharedFlags,
  action: (context: Context) => Promise<ExitCode>,
) => Promise<void>;

export function createCommand(name: string, description: string): Command {
  const timeout = new Option(
    "--timeout <seconds>",
    "time limit for a response (default: 60)",
  ).argParser(parseSeconds);
  return new Command(name)
    .description(description)
    .option("--json", "print JSON: one object on each line")
    .addOption(timeout);
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds > 0 && seconds <= 3_600) return seconds;
  throw new InvalidArgumentError("It must be a number of seconds above 0, at most 3600.");
}
