import type { Command } from "commander";
import { describeCopy, describeTimeline } from "../describe-copy.ts";
import { copies } from "../watch/copies.ts";
import { startAndWatch } from "../watch/start.ts";
import { watch } from "../watch/watch.ts";
import { createCommand, forEach } from "./command.ts";
import type { Run, SharedFlags } from "./command.ts";

export function showCommand(run: Run): Command {
  return createCommand("show", "show copies, with the cause and fix of failures")
    .argument("<id...>", "ids of the copies")
    .option("--timeline", "show what happened to them, and when")
    .action((ids: string[], flags: SharedFlags & { timeline?: true }) =>
      run(flags, ({ connect, output }) => {
        const ferry = connect();
        return forEach(ids, output, async (id, index) => {
          const result = flags.timeline === true ? await ferry.timeline(id) : await ferry.get(id);
          output.json(result);
          if (index > 0) output.line("");
          const lines = "entries" in result ? describeTimeline(result) : describeCopy(result);
          for (const line of lines) output.line(line);
        });
      }),
    );
}

export function abortCommand(run: Run): Command {
  return createCommand("abort", "abort copies; to see how they end, use wait")
    .argument("<id...>", "ids of the copies")
    .action((ids: string[], flags: SharedFlags) =>
      run(flags, ({ connect, output }) => {
        const ferry = connect();
        return forEach(ids, output, async (id) => {
          const copy = await ferry.abort(id);
          output.json(copy);
          output.line(`Copy ${copy.id} ${copy.status}`);
        });
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
          subject: copies,
          start: (signal) => context.connect().retry(id, { signal }),
          findOut: "run ferry list",
        }),
      ),
    );
}

export function waitCommand(run: Run): Command {
  return createCommand("wait", "show the progress of copies until they have ended")
    .argument("<id...>", "ids of the copies")
    .action((ids: string[], flags: SharedFlags) =>
      run(flags, (context) => watch(context, copies, ids)),
    );
}
