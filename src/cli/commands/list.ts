import { Option } from "commander";
import type { Command } from "commander";
import type { ListFilters } from "../../client/ferry.ts";
import { describeItem, listHeader } from "../describe-copy.ts";
import { exitCodes } from "../exit-codes.ts";
import { rejectSas } from "../secrets/sas.ts";
import { addLimit, createCommand, printList } from "./command.ts";
import type { LimitFlags, Run, SharedFlags } from "./command.ts";

type Status = NonNullable<ListFilters["status"]>;
type Flags = SharedFlags &
  LimitFlags & {
    status?: Status;
    source?: string;
    destination?: string;
  };

const statuses: readonly Status[] = ["running", "succeeded", "skipped", "failed", "aborted"];

export function listCommand(run: Run): Command {
  const command = createCommand("list", "list copies, the newest first")
    .addOption(new Option("--status <status>", "only copies with this status").choices(statuses))
    .option("--source <url>", "only copies whose source begins with this URL")
    .option("--destination <url>", "only copies whose destination begins with this URL");
  return addLimit(command, "copies").action((flags: Flags) =>
    run(flags, async ({ connect, output }) => {
      const { status, source, destination } = flags;
      for (const prefix of [source, destination]) if (prefix !== undefined) rejectSas(prefix);
      const filters: ListFilters = {
        ...(status === undefined ? {} : { status }),
        ...(source === undefined ? {} : { source }),
        ...(destination === undefined ? {} : { destination }),
      };
      const texts = { nouns: "copies", header: listHeader, describe: describeItem };
      await printList(output, connect().list(filters), flags, texts);
      return exitCodes.ok;
    }),
  );
}
