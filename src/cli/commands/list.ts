import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import type { ListFilters } from "../../client/ferry.ts";
import { describeItem, listHeader } from "../describe-copy.ts";
import { exitCodes } from "../exit-codes.ts";
import { rejectSas } from "../secrets/sas.ts";
import { createCommand } from "./command.ts";
import type { Run, SharedFlags } from "./command.ts";

type Status = NonNullable<ListFilters["status"]>;
type Flags = SharedFlags & {
  status?: Status;
  source?: string;
  destination?: string;
  limit: number;
  all?: true;
};

const statuses: readonly Status[] = ["running", "succeeded", "skipped", "failed", "aborted"];

export function listCommand(run: Run): Command {
  return createCommand("list", "list copies, the newest first")
    .addOption(new Option("--status <status>", "only copies with this status").choices(statuses))
    .option("--source <url>", "only copies whose source begins with this URL")
    .option("--destination <url>", "only copies whose destination begins with this URL")
    .option("--limit <number>", "how many copies to print", parseLimit, 50)
    .addOption(new Option("--all", "print all copies").conflicts("limit"))
    .action((flags: Flags) =>
      run(flags, async ({ connect, output }) => {
        const { status, source, destination, limit, all } = flags;
        for (const prefix of [source, destination]) if (prefix !== undefined) rejectSas(prefix);
        const filters: ListFilters = {
          ...(status === undefined ? {} : { status }),
          ...(source === undefined ? {} : { source }),
          ...(destination === undefined ? {} : { destination }),
        };
        let printed = 0;
        for await (const item of connect().list(filters)) {
          if (printed === limit && all !== true) {
            output.note("There are more copies. To print them, use a higher --limit, or --all");
            break;
          }
          if (printed === 0) output.line(listHeader);
          output.json(item);
          output.line(describeItem(item));
          printed++;
        }
        if (printed === 0) output.note("There are no such copies");
        return exitCodes.ok;
      }),
    );
}

function parseLimit(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number above 0.");
}
