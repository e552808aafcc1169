import { writeFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import type { VirtualClock } from "../../../src/local/clock.ts";
import { virtualClock } from "../../../src/local/clock.ts";
import type { FunctionsHost, HostOptions } from "../../../src/local/host/host.ts";
import { startFunctionsHost } from "../../../src/local/host/host.ts";

/**
 * The Functions host in a separate process that can be killed. It executes its parent's orders and replies to each;
 * its time is a virtual clock that only the parent advances. See `crash-host.ts`.
 */
export type Order =
  | ({ order: "begin"; now: number; dieAt: number | null } & Pick<
      HostOptions,
      "appDirectory" | "stateFile" | "environment"
    >)
  /** Advances the clock to `to` (epoch ms), which must not be later than the next due time. */
  | { order: "advance"; to: number }
  | { order: "ping" }
  /** Stops the host gracefully; the process can start another one. */
  | { order: "end" };

export type Reply =
  | { reply: "begun"; url: string }
  /** All running work has finished; `nextDue` is when the next timer is due (epoch ms). */
  | { reply: "advanced"; nextDue: number | null }
  | { reply: "alive" }
  /** `passages` are the commit points passed, in order: "before turn", "after turn", … */
  | { reply: "ended"; passages: readonly string[] }
  | { reply: "refused"; reason: string };

/** Messages without an order: the child is ready for orders, or its host has logged an error. */
export type Remark = { remark: "idle" } | { remark: "error"; text: string };

/** The file in which a host that kills itself at a commit point records the commit point. */
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

/** Loads the libraries before the first order, because loading them takes most of a start. */
async function warmUp(): Promise<void> {
  await Promise.all([
    import("@azure/identity"),
    import("@azure/storage-blob"),
    import("durable-functions"),
  ]);
  flushCompileCache(); // Node does this when a process exits, but not when it is killed
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

/** A virtual clock that reports when its next timer is due. */
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
