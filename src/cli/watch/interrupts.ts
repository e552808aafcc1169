import { createInterface } from "node:readline";
import type { Interface } from "node:readline";
import type { Shell } from "../shell.ts";

export type InterruptHandlers = {
  /** The question, such as "Abort the copy?". */
  question: string;
  /** The keys that a user can type. `label` describes the effect of a key, and `act` causes it. */
  orders: readonly { key: string; label: string; act(): void }[];
  /** A question is shown. */
  asking(): void;
  /** The question was answered with none of the keys. */
  resume(): void;
  stop(): void;
};

export type Interrupts = {
  /** Whether a question is shown. */
  isAsking(): boolean;
  dispose(): void;
};

/**
 * Ctrl-C asks what to do; a second Ctrl-C stops. Without a terminal, the first one stops: a
 * script that is interrupted cannot answer.
 */
export function handleInterrupts(shell: Shell, handlers: InterruptHandlers): Interrupts {
  const { stdin, stderr } = shell;
  const { question, orders } = handlers;
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
    const keys = orders.map(({ key, label }) => `${key} to ${label}`).join(", ");
    prompt.question(`${question} Type ${keys}, nothing to continue; then Enter: `, (text) => {
      close();
      const answer = text.trim().toLowerCase();
      const order = orders.find(({ key }) => key === answer);
      if (order === undefined) handlers.resume();
      else order.act();
    });
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
