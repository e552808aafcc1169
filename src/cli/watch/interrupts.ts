import { createInterface } from "node:readline";
import type { Interface } from "node:readline";
import type { Shell } from "../shell.ts";

export type InterruptHandlers = {
  /** Completes "Abort …?". */
  subject: string;
  /** A question is shown. */
  asking(): void;
  /** The question was answered with neither of the two. */
  resume(): void;
  abort(): void;
  stop(): void;
};

export type Interrupts = {
  /** Whether a question is shown. */
  isAsking(): boolean;
  dispose(): void;
};

/**
 * Ctrl-C asks whether to abort or to stop watching; a second Ctrl-C stops. Without a terminal, the first one stops: a
 * script that is interrupted cannot answer.
 */
export function handleInterrupts(shell: Shell, handlers: InterruptHandlers): Interrupts {
  const { stdin, stderr } = shell;
  const canAsk = stdin.isTTY && stderr.isTTY;
  let prompt: Interface | null = null;
  const close = () => {
    const open = prompt;
    prompt = null;
    open?.close();
  };
  const stop = () => {
    if (prompt !== null) stderr.write("\n");
    close();
    handlers.stop();
  };
  const ask = () => {
    handlers.asking();
    prompt = createInterface({ input: stdin, output: stderr });
    prompt.on("SIGINT", stop);
    prompt.on("close", () => {
      // The end of input, Ctrl-D.
      if (prompt === null) return;
      close();
      handlers.resume();
    });
    prompt.question(
      `Abort ${handlers.subject}? Type a to abort, s to stop watching, nothing to continue; then Enter: `,
      (text) => {
        close();
        const answer = text.trim().toLowerCase();
        if (answer === "a") handlers.abort();
        else if (answer === "s") handlers.stop();
        else handlers.resume();
      },
    );
  };
  const remove = shell.onInterrupt(() => (canAsk && prompt === null ? ask() : stop()));
  return {
    isAsking: () => prompt !== null,
    dispose() {
      remove();
      if (prompt !== null) stderr.write("\n");
      close();
    },
  };
}
