import { install } from "@sinonjs/fake-timers";

/**
 * The only source of time in `local/`: nothing else here reads `Date` or sets a timer, so a test can let two weeks
 * pass in milliseconds.
 */
export type Clock = {
  /** Milliseconds since 1970-01-01T00:00Z. */
  now(): number;
  /** Runs `due` once, when the clock reaches `at` (epoch ms). A time in the past means as soon as possible. */
  schedule(at: number, due: () => void): Cancel;
  /** Registers work in flight. A virtual clock never moves while any is unfinished. Returns `work`. */
  track<T>(work: Promise<T>): Promise<T>;
};

export type Cancel = () => void;

/** A clock that moves only when `advance` is called. */
export type VirtualClock = Clock & {
  /** Moves forward by `ms`. Stops at every due time on the way until all work that it caused is done. */
  advance(ms: number): Promise<void>;
  /** Waits, without moving, until no tracked work is in flight. */
  settled(): Promise<void>;
  /** Restores the process's real `Date`. */
  dispose(): void;
};

const maxTimeoutMs = 2_147_483_647; // Node fires immediately for a longer one

/** Returns the clock of this machine. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    schedule(at, due) {
      let timer: NodeJS.Timeout;
      const arm = () => {
        const wait = at - Date.now();
        timer =
          wait > maxTimeoutMs ? setTimeout(arm, maxTimeoutMs) : setTimeout(due, Math.max(0, wait));
      };
      arm();
      return () => clearTimeout(timer);
    },
    track: (work) => work,
  };
}

/**
 * Returns a clock for tests that starts at `start` (epoch ms). It also moves the process's `Date`, because the app and
 * the Storage SDK sign requests with the date and must agree with the emulator. Sockets and promises run in real time.
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
  /** Work that is already due does not wait for the clock to move. */
  const runSoon = (due: () => void): Cancel => {
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
    for (let idle = 0; idle < idleRounds; idle = inFlight === 0 ? idle + 1 : 0) {
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
      if (at <= now) return runSoon(due);
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

/** A finished promise can start new work a few turns of the event loop later. */
const idleRounds = 4;
