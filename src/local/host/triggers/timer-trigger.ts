import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Cancel, Clock } from "../../clock.ts";
import type { Invocation, InvocationOutcome } from "../worker/invocation.ts";
import { minute } from "../../durations.ts";
import { parseSchedule, type Schedule } from "./schedule.ts";
import type { Logger } from "../../log.ts";
import type { TypedData } from "../worker/typed-data.ts";

/** A function with a timer trigger, as its binding describes it. */
export type TimerFunction = {
  name: string;
  /** Can contain `%NAME%`, the name of a setting. */
  schedule: string;
  runOnStartup: boolean;
  useMonitor: boolean;
};

export type TimersOptions = {
  functions: readonly TimerFunction[];
  clock: Clock;
  environment: Readonly<Record<string, string | undefined>>;
  run: (invocation: Invocation) => Promise<InvocationOutcome>;
  /** The file that keeps the times of monitored schedules for the next host; undefined to keep them in memory. */
  statusFile: string | undefined;
  logger: Logger;
};

export type Timers = { stop(): void };

/** Epoch ms; `last` is undefined for a timer that has not fired yet. */
type ScheduleStatus = { last: number | undefined; next: number; lastUpdated: number };

/** Schedules more frequent than this are not monitored (TimerTriggerAttributeBindingProvider.cs). */
const minMonitoredMs = minute;

/**
 * Fires timer triggers as TimerListener.cs does. A monitored timer that was due while no host ran fires immediately, as
 * past due. Otherwise a timer with `runOnStartup` fires immediately. Then each timer fires when it is due. A timer
 * never overlaps itself: due times that pass while it runs are skipped. Throws for an invalid schedule before any
 * timer fires.
 */
export function startTimers(options: TimersOptions): Timers {
  const timers = options.functions.map((timer) => ({
    timer,
    schedule: readSchedule(timer, options.environment),
  }));
  const statuses = readStatuses(options);
  const cancels = timers.map(({ timer, schedule }) =>
    startTimer(options, timer, schedule, statuses),
  );
  return {
    stop: () => {
      for (const cancel of cancels) cancel();
    },
  };
}

/** Builds the trigger's value: `TimerInfo` as the Timers extension serializes it. */
export function buildTimerInfo(status: ScheduleStatus | undefined, isPastDue: boolean): TypedData {
  const info = {
    Schedule: { AdjustForDST: true },
    ScheduleStatus: status && {
      Last: formatDate(status.last),
      Next: formatDate(status.next),
      LastUpdated: formatDate(status.lastUpdated),
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
      `Cannot schedule function "${timer.name}" because its schedule uses a setting that is not set: "${name}"`,
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

  /** Schedules the next firing, and stores its time for the next host. */
  const arm = () => {
    const due = schedule.next(clock.now());
    if (due === undefined) return;
    if (monitored) {
      statuses.set(timer.name, { last, next: due, lastUpdated: clock.now() });
      writeStatuses(options, statuses);
    }
    if (stopped) return;
    cancel = clock.schedule(due, () => void clock.track(fire(due, false)));
  };
  const fire = async (due: number, isPastDue: boolean) => {
    const status = monitored ? statuses.get(timer.name) : undefined;
    await options.run({ functionName: timer.name, trigger: buildTimerInfo(status, isPastDue) });
    last = due;
    arm();
  };

  // A stored next time that the current schedule would not produce belongs to a former schedule.
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
  return first !== undefined && second !== undefined && second - first < minMonitoredMs;
}

/** A damaged file loses the times, which must not stop the host. */
function readStatuses({
  statusFile: file,
  logger,
}: Pick<TimersOptions, "statusFile" | "logger">): Map<string, ScheduleStatus> {
  if (file === undefined || !existsSync(file)) return new Map();
  try {
    const statuses = Object.entries(JSON.parse(readFileSync(file, "utf8")));
    if (statuses.every(isStatusEntry)) return new Map(statuses);
  } catch {
    // reported below
  }
  const message = `Cannot read "${file}" because it is damaged: timers that were due while no host ran do not run now. The file is written again`;
  logger("warning", "host", "", message);
  return new Map();
}

function isStatusEntry(entry: [string, unknown]): entry is [string, ScheduleStatus] {
  const [, status] = entry;
  if (typeof status !== "object" || status === null) return false;
  return "next" in status && typeof status.next === "number" && "lastUpdated" in status;
}

/** A file that cannot be written, for example on a full disk, loses the times, too. */
function writeStatuses(
  { statusFile: file, logger }: Pick<TimersOptions, "statusFile" | "logger">,
  statuses: Map<string, ScheduleStatus>,
): void {
  if (file === undefined) return;
  try {
    writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(statuses)));
    renameSync(`${file}.new`, file); // atomic: a host killed here leaves either the old or the new file, complete
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `Cannot write "${file}" because of the disk (${reason}): timers that are due while no host runs will not run at the next start`;
    logger("error", "host", "", message);
  }
}

/** .NET writes its minimum date for "never". */
function formatDate(time: number | undefined): string {
  if (time === undefined) return "0001-01-01T00:00:00";
  return new Date(time).toISOString().replace(/(\.000)?Z$/, "+00:00");
}
