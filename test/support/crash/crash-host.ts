import { fork } from "node:child_process";
import { once } from "node:events";
import { compileCache } from "../compile-cache.ts";
import type { Order, Remark, Reply } from "./crash-child.ts";

/** A Functions host in a separate process. */
export type HostProcess = {
  /** Throws `HostDied` if the process ends before it replies. */
  ask<Name extends Order["order"]>(order: Order & { order: Name }): Promise<ReplyTo<Name>>;
  /** Sends SIGKILL: the process executes almost nothing after this returns. */
  kill(): void;
  /** Resolves when the process has exited and released its files and ports. */
  gone: Promise<unknown>;
  /** The errors that hosts in this process have logged. */
  errors: readonly string[];
};

export type HostProcesses = {
  /** Returns a process that is ready for the order "begin". */
  take(): Promise<HostProcess>;
  /** Takes back a process whose host was stopped gracefully. */
  giveBack(host: HostProcess): void;
  close(): Promise<void>;
};

export class HostDied extends Error {
  override name = "HostDied" as const;
}

type ReplyTo<Name extends Order["order"]> = Reply & {
  reply: { begin: "begun"; advance: "advanced"; ping: "alive"; end: "ended" }[Name];
};

/**
 * Keeps a process ready in advance, because loading the libraries takes far longer than a whole trial.
 */
export function hostProcesses(): HostProcesses {
  const idle: Promise<HostProcess>[] = [];
  const all = new Set<HostProcess>();
  const prepare = async () => {
    const { host, ready } = startProcess();
    all.add(host);
    void host.gone.then(() => all.delete(host));
    await ready;
    return host;
  };
  return {
    async take() {
      const host = await (idle.shift() ?? prepare());
      if (idle.length === 0) idle.push(prepare());
      return host;
    },
    giveBack: (host) => void idle.unshift(Promise.resolve(host)),
    async close() {
      await Promise.allSettled(idle);
      const ends = [...all].map(({ gone }) => gone);
      for (const host of all) host.kill();
      await Promise.all(ends);
    },
  };
}

function startProcess(): { host: HostProcess; ready: Promise<unknown> } {
  const child = fork(new URL("crash-child.ts", import.meta.url), {
    // A host runs for less than a second: optimizing compilers and small heaps cost more time than they save.
    execArgv: ["--max-opt=1", "--max-semi-space-size=32"],
    env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE: compileCache },
  });
  const waiting = new Map<
    number,
    { resolve: (reply: Reply) => void; reject: (e: Error) => void }
  >();
  const errors: string[] = [];
  let asked = 0;
  let isGone = false;
  const end = async () => {
    await once(child, "exit");
    isGone = true;
    for (const { reject } of waiting.values()) reject(new HostDied());
  };
  const gone = end();
  const ready = new Promise<void>((resolve, reject) => {
    void gone.then(() => reject(new Error("Cannot start the host because its process exited")));
    child.on("message", (message: Remark | (Reply & { id: number })) => {
      if ("id" in message) {
        waiting.get(message.id)?.resolve(message);
        waiting.delete(message.id);
      } else if (message.remark === "idle") resolve();
      else errors.push(message.text);
    });
  });
  ready.catch(() => {}); // the caller that takes the process gets the error
  const host: HostProcess = {
    async ask(order) {
      if (isGone) throw new HostDied();
      const id = ++asked;
      const reply = await new Promise<Reply>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        child.send({ id, ...order }, () => {}); // an order that cannot be sent is rejected when the process exits
      });
      if (reply.reply === "refused") throw new Error(`Cannot ${order.order}: ${reply.reason}`);
      // The child replies to each order, or rejects it.
      return reply as ReplyTo<(typeof order)["order"]>;
    },
    kill: () => void child.kill("SIGKILL"),
    gone,
    errors,
  };
  return { host, ready };
}
