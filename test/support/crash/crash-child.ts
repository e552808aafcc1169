import { writeFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import type { VirtualClock } from "../../../src/local/clock.ts";
import { virtualClock } from "../../../src/local/clock.ts";
import type { FunctionsHost, HostOptions } from "../../../src/local/host/host.ts";
import { startFunctionsHost } from "../../../src/local/host/host.ts";

/**
 * The functions host as a process of its own, to be killed. It obeys its parent's orders, one answer
 * for each; its time is a virtual clock that only the parent moves. See `crash-host.ts`.
 */
export type Order =
  | ({ order: "begin"; now: number; dieAt: number | null } & Pick<
      HostOptions,
      "appDirectory" | "stateFile" | "environment"
    >)
  /** Moves on to `to` (epoch ms), which must not lie beyond the next due time. */
  | { order: "advance"; to: number }
  | { order: "ping" }
  /** Ends gracefully; the process can begin again. */
  | { order: "end" };

export type Reply =
  | { reply: "begun"; url: string }
  /** Nothing is under way any more; `nextDue` is when the host wants to be woken next (epoch ms). */
  | { reply: "advanced"; nextDue: number | null }
  | { reply: "alive" }
  /** `passages` are the commit points passed, in order: "before turn", "after turn", … */
  | { reply: "ended"; passages: readonly string[] }
  | { reply: "refused"; reason: string };

/** What the child says on its own: that it can take orders, and what its host logs as an error. */
export type Remark = { remark: "idle" } | { remark: "error"; text: string };

/** Where a host that kills itself at a commit point writes down which one it was. */
export const deathNote = (stateFile: string) => `${stateFile}.death`;

type Life = { clock: SteppedClock; host: FunctionsHost; passages: string[] };

type SteppedClock = VirtualClock & { nextDue(): number | null };

if (process.send !== undefined) obey();

function obey(): void {
  let life: Life | undefined;
  const take = async (order: Order): Promise<Reply> => {
    if (order.order === "ping") return { reply: "alive" };
    if (order.order === "begin") {
      life = await begin(order);
      return { reply: "begun", url: life.host.url };
    }
    if (life === undefined) return { reply: "refused", reason: "No host runs" };
    if (order.order === "advance") {
      await life.clock.advance(order.to - life.clock.now());
      return { reply: "advanced", nextDue: life.clock.nextDue() };
    }
    const { passages, host, clock } = life;
    await host.close();
    clock.dispose();
    life = undefined;
    return { reply: "ended", passages };
  };
  process.on("message", async ({ id, ...order }: Order & { id: number }) => {
    const answer = await take(order).catch((error: unknown): Reply => {
      return { reply: "refused", reason: error instanceof Error ? String(error.stack) : "" };
    });
    process.send?.({ id, ...answer });
  });
  process.on("disconnect", () => process.exit());
  void warmUp().then(() => say({ remark: "idle" }));
}

/** Most of a start is reading these libraries: done before there is anything to do. */
async function warmUp(): Promise<void> {
  await Promise.all([
    import("@azure/identity"),
    import("@azure/storage-blob"),
    import("durable-functions"),
  ]);
  flushCompileCache(); // Node does so at the end of a process, which a killed one does not reach
}

async function begin({ now, dieAt, ...options }: Order & { order: "begin" }): Promise<Life> {
  const clock = steppedClock(now);
  const passages: string[] = [];
  const host = await startFunctionsHost({
    ...options,
    clock,
    port: 0,
    log: ({ level, subject, message }) => {
      if (level === "error") say({ remark: "error", text: `${subject}: ${message}` });
    },
    probe(point, when) {
      passages.push(`${when} ${point}`);
      if (passages.length - 1 !== dieAt) return;
      writeFileSync(deathNote(options.stateFile), `${when} ${point}`);
      process.kill(process.pid, "SIGKILL"); // takes effect before it returns: kill(2)
    },
  });
  return { clock, host, passages };
}

/** A virtual clock that tells when it has something to do next. */
function steppedClock(start: number): SteppedClock {
  const clock = virtualClock(start);
  const waiting = new Map<object, number>();
  return {
    ...clock,
    schedule(at, due) {
      const entry = {};
      waiting.set(entry, at);
      const cancel = clock.schedule(at, () => {
        waiting.delete(entry);
        due();
      });
      return () => {
        waiting.delete(entry);
        cancel();
      };
    },
    nextDue: () => (waiting.size === 0 ? null : Math.min(...waiting.values())),
  };
}

function say(remark: Remark): void {
  process.send?.(remark);
}
