import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Cancel, Clock } from "../../clock.ts";
import type { Invocation, InvocationOutcome } from "../worker/invocation.ts";
import { parseSchedule, type Schedule } from "./schedule.ts";
import type { TypedData } from "../worker/typed-data.ts";

/** A function with a timer trigger, as its binding describes it. */
export type TimerFunction = {
  name: string;
  /** May hold `%NAME%`, the name of a setting. */
  schedule: string;
  runOnStartup: boolean;
  useMonitor: boolean;
};

export type TimersOptions = {
  functions: readonly TimerFunction[];
  clock: Clock;
  environment: Readonly<Record<string, string | undefined>>;
  run: (invocation: Invocation) => Promise<InvocationOutcome>;
  /** Where the times of monitored schedules outlive the host; undefined to forget them. */
  statusFile: string | undefined;
};

export type Timers = { stop(): void };

/** Epoch ms; `last` is undefined for a timer that has not fired yet. */
type ScheduleStatus = { last: number | undefined; next: number; lastUpdated: number };

/** Schedules more frequent than this are not monitored (TimerTriggerAttributeBindingProvider.cs). */
const shortestMonitoredMs = 60_000;

/**
 * Fires timer triggers as TimerListener.cs does: a monitored timer that was due while no host ran
 * fires at once, past due; else one with `runOnStartup` fires at once; then each when it is due. A
 * timer never overlaps itself: what falls due while it runs is skipped. Throws on a bad schedule,
 * before any fires.
 */
export function startTimers(options: TimersOptions): Timers {
  const timers = options.functions.map((timer) => ({
    timer,
    schedule: readSchedule(timer, options.environment),
  }));
  const statuses = readStatuses(options.statusFile);
  const cancels = timers.map(({ timer, schedule }) =>
    startTimer(options, timer, schedule, statuses),
  );
  return {
    stop: () => {
      for (const cancel of cancels) cancel();
    },
  };
}

/** The trigger's value: `TimerInfo` as the Timers extension serialises it. */
export function timerInfo(status: ScheduleStatus | undefined, isPastDue: boolean): TypedData {
  const info = {
    Schedule: { AdjustForDST: true },
    ScheduleStatus: status && {
      Last: dateText(status.last),
      Next: dateText(status.next),
      LastUpdated: dateText(status.lastUpdated),
    },
    IsPastDue: isPastDue,
  };
  return { json: JSON.stringify({ ...info, ScheduleStatus: info.ScheduleStatus ?? null }) };
}

function readSchedule(timer: TimerFunction, environment: TimersOptions["environment"]): Schedule {
  const expression = timer.schedule.replace(/%([^%]+)%/g, (_, name: string) => {
    const value = environment[name];
    if (value !== undefined && value !== "") return value;
    throw new Error(
      `Cannot schedule function "${timer.name}" as the setting its schedule names is not set: "${name}"`,
    );
  });
  try {
    return parseSchedule(expression);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot schedule function "${timer.name}": ${reason}`, { cause: error });
  }
}

function startTimer(
  options: TimersOptions,
  timer: TimerFunction,
  schedule: Schedule,
  statuses: Map<string, ScheduleStatus>,
): Cancel {
  const { clock } = options;
  const now = clock.now();
  const monitored = timer.useMonitor && !isFrequent(schedule, now);
  let stopped = false;
  let cancel: Cancel = () => {};

  const former = monitored ? statuses.get(timer.name) : undefined;
  let last = former?.last;

  /** Notes when the timer is due next, also for a host that comes after this one. */
  const arm = () => {
    const due = schedule.next(clock.now());
    if (due === undefined) return;
    if (monitored) {
      statuses.set(timer.name, { last, next: due, lastUpdated: clock.now() });
      writeStatuses(options.statusFile, statuses);
    }
    if (stopped) return;
    cancel = clock.schedule(due, () => void clock.track(fire(due, false)));
  };
  const fire = async (due: number, isPastDue: boolean) => {
    const status = monitored ? statuses.get(timer.name) : undefined;
    await options.run({ functionName: timer.name, trigger: timerInfo(status, isPastDue) });
    last = due;
    arm();
  };

  // A next time that today's schedule does not give belongs to a schedule that was changed since.
  const isPastDue =
    former !== undefined && former.next < now && former.next === schedule.next(former.lastUpdated);
  if (isPastDue || timer.runOnStartup) void clock.track(fire(now, isPastDue));
  else arm();
  return () => {
    stopped = true;
    cancel();
  };
}

function isFrequent(schedule: Schedule, now: number): boolean {
  const first = schedule.next(now);
  const second = first === undefined ? undefined : schedule.next(first);
  return first !== undefined && second !== undefined && second - first < shortestMonitoredMs;
}

function readStatuses(file: string | undefined): Map<string, ScheduleStatus> {
  if (file === undefined) return new Map();
  try {
    // Written by this file only; a broken one is a lost memory, not a reason to stop.
    return new Map(Object.entries(JSON.parse(readFileSync(file, "utf8"))));
  } catch {
    return new Map();
  }
}

function writeStatuses(file: string | undefined, statuses: Map<string, ScheduleStatus>): void {
  if (file === undefined) return;
  writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(statuses)));
  renameSync(`${file}.new`, file); // a host killed here leaves the old file or the new one, whole
}

/** .NET writes its smallest date for "never". */
function dateText(time: number | undefined): string {
  if (time === undefined) return "0001-01-01T00:00:00";
  return new Date(time).toISOString().replace(/(\.000)?Z$/, "+00:00");
}
