import { install } from "@sinonjs/fake-timers";

/**
 * The one source of time in `local/`. Nothing local reads `Date` or sets a timer of its own, so that
 * a test can let two weeks pass in milliseconds.
 */
export type Clock = {
  /** Milliseconds since 1970-01-01T00:00Z. */
  now(): number;
  /** Runs `due` once, when the clock reaches `at` (epoch ms; the past means as soon as possible). */
  schedule(at: number, due: () => void): Cancel;
  /** Names work in flight: a virtual clock never moves while some is unfinished. */
  track<T>(work: Promise<T>): Promise<T>;
};

export type Cancel = () => void;

/** A clock that only moves when told to. */
export type VirtualClock = Clock & {
  /** Moves on by `ms`, stopping at every due time on the way until all work it caused is done. */
  advance(ms: number): Promise<void>;
  /** Waits, without moving, until no tracked work is in flight. */
  settled(): Promise<void>;
  /** Gives the process its real `Date` back. */
  dispose(): void;
};

const longestSetTimeout = 2_147_483_647; // Node fires at once when asked for more

export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    schedule(at, due) {
      let timer: NodeJS.Timeout;
      const arm = () => {
        const wait = at - Date.now();
        timer =
          wait > longestSetTimeout
            ? setTimeout(arm, longestSetTimeout)
            : setTimeout(due, Math.max(0, wait));
      };
      arm();
      return () => clearTimeout(timer);
    },
    track: (work) => work,
  };
}

/**
 * A clock for tests. It also moves the process's `Date` (and nothing else: sockets and promises run
 * for real), so that the app and the Storage SDK, which sign requests with the date, live in the
 * same time as the emulator.
 */
export function virtualClock(start: number): VirtualClock {
  const date = install({ now: start, toFake: ["Date"] });
  const waiting: { at: number; due: () => void }[] = [];
  let inFlight = 0;
  let now = start;

  const moveTo = (time: number) => {
    now = time;
    date.setSystemTime(time);
  };
  /** What is due already does not wait for the clock to be moved. */
  const soon = (due: () => void): Cancel => {
    let pending = true;
    const finish = () => {
      if (pending) inFlight--;
      pending = false;
    };
    inFlight++;
    const immediate = setImmediate(() => {
      finish();
      due();
    });
    return () => {
      clearImmediate(immediate);
      finish();
    };
  };
  const settled = async () => {
    for (let quiet = 0; quiet < quietRounds; quiet = inFlight === 0 ? quiet + 1 : 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const nextDue = (limit: number) => {
    const first = waiting.reduce<(typeof waiting)[number] | undefined>(
      (best, entry) => (best === undefined || entry.at < best.at ? entry : best),
      undefined,
    );
    if (first === undefined || first.at > limit) return undefined;
    waiting.splice(waiting.indexOf(first), 1);
    return first;
  };

  return {
    now: () => now,
    schedule(at, due) {
      if (at <= now) return soon(due);
      const entry = { at, due };
      waiting.push(entry);
      return () => {
        const index = waiting.indexOf(entry);
        if (index >= 0) waiting.splice(index, 1);
      };
    },
    async track(work) {
      inFlight++;
      try {
        return await work;
      } finally {
        inFlight--;
      }
    },
    async advance(ms) {
      const target = now + ms;
      await settled();
      for (let entry = nextDue(target); entry !== undefined; entry = nextDue(target)) {
        if (entry.at > now) moveTo(entry.at);
        entry.due();
        await settled();
      }
      if (target > now) moveTo(target);
      await settled();
    },
    settled,
    dispose: () => date.uninstall(),
  };
}

/** A finished promise may start new work a few turns of the event loop later. */
const quietRounds = 4;
