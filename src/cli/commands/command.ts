import { Command, InvalidArgumentError, Option } from "commander";
import type { Ferry } from "../../client/ferry.ts";
import { worstExitCode } from "../exit-codes.ts";
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

/** Acts on copies or jobs. An error of one is printed, and does not end the others. */
export async function forEach(
  ids: readonly string[],
  output: Output,
  act: (id: string, index: number) => Promise<void>,
): Promise<ExitCode> {
  const codes: ExitCode[] = [];
  for (const [index, id] of ids.entries()) {
    try {
      await act(id, index);
    } catch (error) {
      codes.push(output.error(error, id));
    }
  }
  return worstExitCode(codes);
}

/** Adds the flags with which the SAS of the sides are given. */
export function addSasFlags(command: Command): Command {
  return command
    .option(
      "--source-sas-env <name>",
      "environment variable with the SAS of the source, or with the query of a URL that is signed in another way",
    )
    .option("--destination-sas-env <name>", "the same for the destination")
    .option("--source-sas-stdin", "read the SAS of the source from standard input")
    .option("--destination-sas-stdin", "the same for the destination, in the next line");
}

export type LimitFlags = { limit: number; all?: true };

/** Adds the flags that say how much of a list is printed. */
export function addLimit(command: Command, nouns: string): Command {
  return command
    .option("--limit <number>", `how many ${nouns} to print`, parseLimit, 50)
    .addOption(new Option("--all", `print all ${nouns}`).conflicts("limit"));
}

/** Prints a list up to its limit. */
export async function printList<Item>(
  output: Output,
  items: AsyncIterable<Item>,
  { limit, all }: LimitFlags,
  { nouns, header, describe }: { nouns: string; header: string; describe(item: Item): string },
): Promise<void> {
  let printed = 0;
  for await (const item of items) {
    if (printed === limit && all !== true) {
      output.note(`There are more ${nouns}. To print them, use a higher --limit, or --all`);
      break;
    }
    if (printed === 0) output.line(header);
    output.json(item);
    output.line(describe(item));
    printed++;
  }
  if (printed === 0) output.note(`There are no such ${nouns}`);
}

function parseLimit(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number above 0.");
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds > 0 && seconds <= 3_600) return seconds;
  throw new InvalidArgumentError("It must be a number of seconds above 0, at most 3600.");
}
