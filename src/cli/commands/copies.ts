import type { Command } from "commander";
import { describeCopy, describeTimeline } from "../describe-copy.ts";
import { exitCodes, worstExitCode } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { watch } from "../watch.ts";
import { createCommand } from "./command.ts";
import type { Run, SharedFlags } from "./command.ts";
import { startAndWatch } from "./copy.ts";

export function showCommand(run: Run): Command {
  return createCommand("show", "show a copy, and why it failed")
    .argument("<id>", "id of the copy")
    .option("--timeline", "show what happened to the copy, and when")
    .action((id: string, flags: SharedFlags & { timeline?: true }) =>
      run(flags, async ({ connect, output }) => {
        if (flags.timeline === true) {
          const timeline = await connect().timeline(id);
          output.json(timeline);
          for (const line of describeTimeline(timeline)) output.line(line);
          return exitCodes.ok;
        }
        const copy = await connect().get(id);
        output.json(copy);
        for (const line of describeCopy(copy)) output.line(line);
        return exitCodes.ok;
      }),
    );
}

export function abortCommand(run: Run): Command {
  return createCommand("abort", "abort copies; to see how they end, use wait")
    .argument("<id...>", "ids of the copies")
    .action((ids: string[], flags: SharedFlags) =>
      run(flags, async ({ connect, output }) => {
        const ferry = connect();
        const codes: ExitCode[] = [];
        for (const id of ids) {
          try {
            const copy = await ferry.abort(id);
            output.json(copy);
            output.line(`Copy ${copy.id} ${copy.status}`);
          } catch (error) {
            codes.push(output.error(error));
          }
        }
        return worstExitCode(codes);
      }),
    );
}

export function retryCommand(run: Run): Command {
  return createCommand("retry", "start a new copy with the request of one that has ended")
    .argument("<id>", "id of the copy that has ended")
    .option("-w, --watch", "show the progress until the new copy has ended")
    .action((id: string, flags: SharedFlags & { watch?: true }) =>
      run(flags, (context) =>
        startAndWatch(context, flags, {
          start: (signal) => context.connect().retry(id, { signal }),
          repeat: "ferry list",
        }),
      ),
    );
}

export function waitCommand(run: Run): Command {
  return createCommand("wait", "show the progress of copies until they have ended")
    .argument("<id...>", "ids of the copies")
    .action((ids: string[], flags: SharedFlags) => run(flags, (context) => watch(context, ids)));
}
