import { FerryError } from "../../client/ferry.ts";
import type { Context, SharedFlags } from "../commands/command.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { Subject } from "./subject.ts";
import { watch } from "./watch.ts";

/**
 * Starts a copy or a job, prints it, and watches it if asked to. A start whose response is lost may have succeeded:
 * `findOut` says how to find out.
 */
export async function startAndWatch<View extends { id: string; status: string }>(
  context: Context,
  flags: SharedFlags & { watch?: true },
  {
    subject,
    start,
    findOut,
  }: {
    subject: Subject<View>;
    start(signal: AbortSignal): Promise<View>;
    findOut: string;
  },
): Promise<ExitCode> {
  const { shell, output } = context;
  const { noun, command } = subject;
  const title = `${noun.charAt(0).toUpperCase()}${noun.slice(1)}`;
  const stop = new AbortController();
  const remove = shell.onInterrupt(() => stop.abort());
  const hint = () => output.note(`The ${noun} may have been started. To find out, ${findOut}`);
  let view: View;
  try {
    view = await start(stop.signal);
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
    output.line(`${title} ${view.id}`);
    return await watch(context, subject, [view.id]);
  }
  output.json(view);
  output.line(`${title} ${view.id} ${view.status}`);
  if (shell.stderr.isTTY) output.note(`To watch it: ${command} wait ${view.id}`);
  return exitCodes.ok;
}
