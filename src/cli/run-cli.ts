import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { createFerry } from "../client/ferry.ts";
import { printable } from "../copy/printable.ts";
import { abortCommand, retryCommand, showCommand, waitCommand } from "./commands/copies.ts";
import type { Run } from "./commands/command.ts";
import { copyCommand } from "./commands/copy.ts";
import { jobCommand } from "./commands/jobs.ts";
import { listCommand } from "./commands/list.ts";
import { addCompletion } from "./completion.ts";
import { readConnection } from "./connection.ts";
import { exitCodeHelp, exitCodes } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";
import { createOutput } from "./output.ts";
import { hideSecrets } from "./secrets/secret-queries.ts";
import type { Shell } from "./shell.ts";
import { UsageError } from "./usage-error.ts";

const commands = [
  copyCommand,
  listCommand,
  showCommand,
  abortCommand,
  retryCommand,
  waitCommand,
  jobCommand,
];

const settingsHelp = `
Settings:
  FERRY_URL  the app (default: http://127.0.0.1:7071, which npm start runs)
  FERRY_KEY  a function key of the app
  They can also be in a file that only you can read, $XDG_CONFIG_HOME/ferry/config.json (~/.config/ferry/config.json):
  {"url": "https://example.azurewebsites.net", "key": "…"}`;

const connectionHelp = "\nSettings: FERRY_URL and FERRY_KEY; see ferry --help";

const seeHelp = "To see the arguments, add --help";

/** Runs a command line; `args` begins with the name of the command. */
export async function runCli(args: readonly string[], shell: Shell): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok;
  const run: Run = async (flags, action) => {
    const output = createOutput(shell, flags.json === true);
    const connect = () =>
      createFerry({
        ...readConnection(shell),
        ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout * 1_000 }),
        onRetry: ({ message }, delayMs) =>
          output.note(`${message}; the next attempt is in ${(delayMs / 1_000).toFixed(1)} s`),
      });
    try {
      exitCode = await action({ shell, output, connect });
    } catch (error) {
      exitCode = output.error(error);
    }
  };
  const isJson = hasJsonFlag(args);
  const program = createProgram(run, shell, isJson);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitCodes.ok;
    if (!isJson) return exitCodes.usage;
    const message = error.message.replace(/^error: /, "");
    return createOutput(shell, true).error(new UsageError(message, seeHelp));
  }
  return exitCode;
}

/** Whether errors are JSON, even if the rest of the line cannot be parsed. */
function hasJsonFlag(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? args.length : end).includes("--json");
}

/** Creates the tree of commands. */
export function createProgram(run: Run, { stdout, stderr }: Shell, isJson: boolean): Command {
  const byLine = (text: string) => text.split("\n").map(printable).join("\n");
  const program = new Command("ferry")
    .description(
      "Durable copies in Azure Storage: start, watch, abort and retry them, one by one or as jobs",
    )
    .version(readVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(byLine(text)),
      // Errors quote arguments.
      writeErr: (text) => void (isJson || stderr.write(byLine(hideSecrets(text)))),
    })
    .showHelpAfterError(seeHelp)
    .addHelpText("after", `${settingsHelp}\n${exitCodeHelp}`);
  for (const create of commands) {
    const command = create(run);
    for (const each of [command, ...command.commands]) {
      each.copyInheritedSettings(program);
      each.addHelpText("after", `${connectionHelp}\n${exitCodeHelp}`);
    }
    program.addCommand(command);
  }
  addCompletion(program, (text) => void stdout.write(text));
  return program;
}

function readVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  return version;
}
