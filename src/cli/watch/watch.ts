import { FerryError } from "../../client/ferry.ts";
import type { Context } from "../commands/command.ts";
import { exitCodes, worstExitCode } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { handleInterrupts } from "./interrupts.ts";
import { createProgressView } from "./progress-view.ts";
import type { Subject } from "./subject.ts";

/** How many are watched at the same time: the app holds eight requests. */
const maxConcurrent = 8;

/**
 * Shows the progress of copies or jobs until they have ended, and prints how they ended. Ctrl-C asks whether to abort
 * them (or to pause jobs); without a terminal it stops watching, and they continue.
 */
export async function watch<View>(
  context: Context,
  subject: Subject<View>,
  ids: readonly string[],
): Promise<ExitCode> {
  const { shell, output } = context;
  const { noun, nouns, endedCause } = subject;
  const calls = subject.calls(context.connect());
  const stop = new AbortController();
  const running = new Set(ids);
  const view = createProgressView(shell, output, running.size > 1);
  const isMany = running.size > 1;
  const ofAll = (order: (id: string) => Promise<void>) => () => {
    for (const id of running) void order(id);
    view.show();
  };
  const orders = [
    { key: "a", label: "abort", act: ofAll((id) => send("abort", id)) },
    ...(calls.pause === undefined
      ? []
      : [{ key: "p", label: "pause", act: ofAll((id) => send("pause", id)) }]),
    { key: "s", label: "stop watching", act: () => stop.abort() },
  ];
  const interrupts = handleInterrupts(shell, {
    question: `Abort ${isMany ? `the ${nouns} that have not ended` : `the ${noun}`}?`,
    orders,
    asking: () => view.hide(),
    resume: () => view.show(),
    stop: () => stop.abort(),
  });
  const send = async (order: "abort" | "pause", id: string): Promise<void> => {
    try {
      await calls[order]?.(id, { signal: stop.signal });
    } catch (error) {
      // The copy or job has ended in the meantime, and the wait shows how.
      const hasEndedBefore = error instanceof FerryError && error.causeName === endedCause;
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
      const onUpdate = (latest: View) => {
        if (subject.isRunning(latest)) view.update(subject.progressOf(latest));
      };
      const last = await calls.wait(id, { onUpdate, signal: stop.signal });
      running.delete(id);
      view.remove(id);
      if (running.size === 0) interrupts.dispose();
      return print(() => {
        output.json(last);
        for (const line of subject.describeEnd(last)) output.line(line);
        return subject.exitCodeOf(last);
      });
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
  if (stop.signal.aborted) output.stopped([...running], subject);
  return worstExitCode(codes);
}
