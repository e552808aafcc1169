import { randomUUID } from "node:crypto";
import { Option } from "commander";
import type { Command } from "commander";
import type { StartRequest } from "../../client/ferry.ts";
import { createOptionFlags, readCopyOptions } from "../flags/copy-flags.ts";
import { describePlan } from "../describe-copy.ts";
import { exitCodes } from "../exit-codes.ts";
import { addSas } from "../secrets/sas.ts";
import type { SasFlags } from "../secrets/sas.ts";
import { UsageError } from "../usage-error.ts";
import { copies } from "../watch/copies.ts";
import { startAndWatch } from "../watch/start.ts";
import { addSasFlags, createCommand } from "./command.ts";
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
    .option("--route <name>", "copy along a route, which gives the destination");
  addSasFlags(command);
  command.option("--idempotency-key <key>", "start it only once, however often this command runs");
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
        subject: copies,
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
