import { FerryError, hasEnded } from "../../client/ferry.ts";
import type { Copy } from "../../client/ferry.ts";
import type { Context } from "../commands/command.ts";
import { describeEnd, progressOfCopy } from "../describe-copy.ts";
import { exitCodes, worstExitCode } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { handleInterrupts } from "./interrupts.ts";
import { createProgressView } from "./progress-view.ts";

/** How many copies are watched at the same time: the app holds eight requests. */
const maxConcurrent = 8;

/**
 * Shows the progress of copies until they have ended, and prints how they ended. Ctrl-C asks whether to abort them;
 * without a terminal it stops watching, and the copies continue.
 */
export async function watch(context: Context, ids: readonly string[]): Promise<ExitCode> {
  const { shell, output } = context;
  const ferry = context.connect();
  const stop = new AbortController();
  const running = new Set(ids);
  const view = createProgressView(shell, output, running.size > 1);
  const interrupts = handleInterrupts(shell, {
    subject: running.size > 1 ? `the copies that have not ended` : "the copy",
    asking: () => view.hide(),
    resume: () => view.show(),
    stop: () => stop.abort(),
    abort() {
      for (const id of running) void abort(id);
      view.show();
    },
  });
  const abort = async (id: string): Promise<void> => {
    try {
      await ferry.abort(id, { signal: stop.signal });
    } catch (error) {
      // It has ended meanwhile: the wait shows how.
      const hasEndedBefore = error instanceof FerryError && error.causeName === "already-ended";
      if (!hasEndedBefore && !stop.signal.aborted) print(() => output.error(error, id));
    }
  };
  /** Prints lines where the bars are, which move below them. */
  const print = <Result>(printLines: () => Result): Result => {
    view.hide();
    if (interrupts.isAsking()) output.note("");
    const result = printLines();
    if (!interrupts.isAsking() && !stop.signal.aborted) view.show();
    return result;
  };
  const follow = async (id: string): Promise<ExitCode> => {
    try {
      const onUpdate = (copy: Copy) => {
        if (!hasEnded(copy)) view.update(progressOfCopy(copy));
      };
      const copy = await ferry.wait(id, { onUpdate, signal: stop.signal });
      running.delete(id);
      view.remove(id);
      if (running.size === 0) interrupts.dispose();
      return print(() => showEnd(context, copy));
    } catch (error) {
      if (stop.signal.aborted) return exitCodes.stopped;
      running.delete(id);
      view.remove(id);
      return print(() => output.error(error, id));
    }
  };
  const codes: ExitCode[] = [];
  const waiting = [...running];
  const followNext = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      codes.push(await follow(id));
    }
  };
  await Promise.all(Array.from({ length: maxConcurrent }, followNext));
  interrupts.dispose();
  view.hide();
  if (stop.signal.aborted) output.stopped([...running]);
  return worstExitCode(codes);
}

function showEnd({ output }: Context, copy: Copy): ExitCode {
  output.json(copy);
  for (const line of describeEnd(copy)) output.line(line);
  if (copy.status === "failed") return exitCodes.copyFailed;
  return copy.status === "aborted" ? exitCodes.copyAborted : exitCodes.ok;
}
