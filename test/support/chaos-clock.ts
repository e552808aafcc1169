import { install } from "@sinonjs/fake-timers";
import type { Cancel, Clock } from "../../src/local/clock.ts";

/**
 * A virtual clock that can advance while work is running: an activity whose request Storage holds back would stop the
 * virtual clock of `src/local/clock.ts` forever.
 */
export type ChaosClock = Clock & {
  /** Advances by `ms`, from one due time to the next, or until `isOver` (called at each) returns true. */
  advance(ms: number, isOver?: () => boolean): Promise<void>;
  settled(): Promise<void>;
  /** Lets the clock advance although tracked work is unfinished, until the returned function is called. */
  pause(): () => void;
  dispose(): void;
};

/** A finished promise may start new work a few turns of the event loop later. */
const quietRounds = 4;

/** Real time (ms): work that takes longer waits for something that never happens. */
const maxWorkMs = 120_000;

/** It also controls the process's `Date`, because the app and the Storage SDK read it. */
export function chaosClock(start: number): ChaosClock {
  const date = install({ now: start, toFake: ["Date"] });
  const waiting = new Set<{ at: number; due: () => void }>();
  let now = start;
  let busy = 0;

  const soon = (due: () => void): Cancel => {
    let isOpen = true;
    const close = () => {
      if (isOpen) busy--;
      isOpen = false;
    };
    busy++;
    const immediate = setImmediate(() => {
      close();
      due();
    });
    return () => {
      clearImmediate(immediate);
      close();
    };
  };
  const settled = async () => {
    const begun = performance.now();
    for (let quiet = 0; quiet < quietRounds; quiet = busy <= 0 ? quiet + 1 : 0) {
      await new Promise((resolve) => setImmediate(resolve));
      if (performance.now() - begun > maxWorkMs)
        throw new Error("The tracked work has not finished");
    }
  };
  const takeDue = (limit: number) => {
    let first: { at: number; due: () => void } | undefined;
    for (const entry of waiting) {
      if (entry.at <= limit && (first === undefined || entry.at < first.at)) first = entry;
    }
    if (first !== undefined) waiting.delete(first);
    return first;
  };

  return {
    now: () => now,
    schedule(at, due) {
      if (at <= now) return soon(due);
      const entry = { at, due };
      waiting.add(entry);
      return () => void waiting.delete(entry);
    },
    async track(work) {
      busy++;
      try {
        return await work;
      } finally {
        busy--;
      }
    },
    async advance(ms, isOver = () => false) {
      const target = now + ms;
      await settled();
      while (!isOver()) {
        const entry = takeDue(target);
        const next = Math.max(now, entry?.at ?? target);
        now = next;
        date.setSystemTime(now);
        entry?.due();
        await settled();
        if (entry === undefined) return;
      }
    },
    settled,
    pause() {
      busy--;
      return () => void busy++;
    },
    dispose: () => date.uninstall(),
  };
}
