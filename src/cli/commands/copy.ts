import { randomUUID } from "node:crypto";
import { Option } from "commander";
import type { Command } from "commander";
import { FerryError } from "../../client/ferry.ts";
import type { Copy, StartRequest } from "../../client/ferry.ts";
import { createOptionFlags, readCopyOptions } from "../flags/copy-flags.ts";
import { describePlan } from "../describe-copy.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { addSas } from "../secrets/sas.ts";
import type { SasFlags } from "../secrets/sas.ts";
import { UsageError } from "../usage-error.ts";
import { watch } from "../watch/watch.ts";
import { createCommand } from "./command.ts";
import type { Context, Run, SharedFlags } from "./command.ts";

type Flags = SharedFlags &
  SasFlags & { watch?: true; dryRun?: true; route?: string; idempotencyKey?: string };

export function copyCommand(run: Run): Command {
  const command = createCommand("copy", "start a copy")
    .argument("<source>", "URL of a blob or file, without a SAS")
    .argument("[destination]", "URL of the blob or file to write")
    .option("-w, --watch", "show the progress until the copy has ended")
    .addOption(
      new Option("-n, --dry-run", "show what the copy would do, and start nothing").conflicts([
        "watch",
        "idempotencyKey",
      ]),
    )
    .option("--route <name>", "copy along a route, which gives the destination")
    .option(
      "--source-sas-env <name>",
      "environment variable with the SAS of the source, or with the query of a URL that is signed in another way",
    )
    .option("--destination-sas-env <name>", "the same for the destination")
    .option("--source-sas-stdin", "read the SAS of the source from standard input")
    .option("--destination-sas-stdin", "the same for the destination, in the next line")
    .option("--idempotency-key <key>", "start it only once, however often this command runs");
  for (const { option } of createOptionFlags()) command.addOption(option);
  return command.action((source: string, destination: string | undefined, flags: Flags) =>
    run(flags, async (context) => {
      const { output } = context;
      const request = await buildRequest(context, { source, destination }, flags);
      if (flags.dryRun === true) {
        const plan = await context.connect().plan(request);
        output.json(plan);
        for (const line of describePlan(plan)) output.line(line);
        return exitCodes.ok;
      }
      const key = flags.idempotencyKey ?? randomUUID();
      return await startAndWatch(context, flags, {
        start: (signal) => context.connect().start(request, { idempotencyKey: key, signal }),
        findOut: `repeat the command with --idempotency-key ${key}`,
      });
    }),
  );
}

async function buildRequest(
  { shell }: Context,
  urls: { source: string; destination: string | undefined },
  flags: Flags,
): Promise<StartRequest> {
  const { route } = flags;
  if (urls.destination !== undefined && route !== undefined) {
    throw new UsageError("Cannot copy along a route to a destination because the route gives it");
  }
  const { source, destination } = await addSas(urls, flags, shell);
  const options = readCopyOptions(flags);
  const common = options === undefined ? { source } : { source, options };
  if (route !== undefined) return { ...common, route };
  if (destination !== undefined) return { ...common, destination };
  throw new UsageError(
    "Cannot copy because there is no destination",
    "Give the URL of the destination after that of the source, or --route",
  );
}

/**
 * Starts a copy, prints it, and watches it if asked to. A start whose response is lost may have succeeded: `findOut`
 * says how to find out.
 */
export async function startAndWatch(
  context: Context,
  flags: SharedFlags & { watch?: true },
  { start, findOut }: { start(signal: AbortSignal): Promise<Copy>; findOut: string },
): Promise<ExitCode> {
  const { shell, output } = context;
  const stop = new AbortController();
  const remove = shell.onInterrupt(() => stop.abort());
  const hint = () => output.note(`The copy may have been started. To find out, ${findOut}`);
  let copy: Copy;
  try {
    copy = await start(stop.signal);
  } catch (error) {
    if (stop.signal.aborted) {
      hint();
      return exitCodes.stopped;
    }
    const code = output.error(error);
    if (error instanceof FerryError && error.mayHaveArrived) hint();
    return code;
  } finally {
    remove();
  }
  if (flags.watch === true) {
    output.line(`Copy ${copy.id}`);
    return await watch(context, [copy.id]);
  }
  output.json(copy);
  output.line(`Copy ${copy.id} ${copy.status}`);
  if (shell.stderr.isTTY) output.note(`To watch it: ferry wait ${copy.id}`);
  return exitCodes.ok;
}
