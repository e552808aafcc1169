import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { Clock } from "../../clock.ts";
import { minute } from "../../durations.ts";
import type { VisibilityTimeouts } from "../api/engine-api.ts";
import type { HistoryEvent } from "../history/history.ts";

/** An event for an instance. Without an execution id it is for the current execution. */
export type Message = { seq: number; executionId: string | null; event: HistoryEvent };

/** An activity to run. `isExtra` is true if a result of the activity is already recorded. */
export type ActivityWork = {
  seq: number;
  instanceId: string;
  executionId: string;
  taskId: number;
  name: string;
  input: string | null;
  isExtra: boolean;
};

/** `createdAt`, `fireAt` and `visibleAt` (when its message arrives) in epoch ms. */
export type TimerWork = {
  instanceId: string;
  executionId: string;
  timerId: number;
  createdAt: number;
  fireAt: number;
  visibleAt: number;
};

/** AzureStorageOptions.cs. */
export const defaultVisibilityTimeouts: VisibilityTimeouts = {
  controlQueueMs: 5 * minute,
  workItemQueueMs: 5 * minute,
};

/**
 * The queues. While the hub takes messages (`takeMessages`), a sent message is taken immediately, as by a process that
 * polls its queues. Otherwise, and if it is delayed, it waits in the queue.
 */
export type HubWork = {
  /** Takes all visible messages now, and from now on every message that is sent. */
  takeMessages(): void;
  /** Takes no more messages and makes all taken messages visible again. */
  releaseAll(): void;

  /** Sends a message that becomes visible after `delayMs`. */
  send(instanceId: string, executionId: string | null, event: HistoryEvent, delayMs?: number): void;
  /** Returns the instance's messages that were taken. */
  messages(instanceId: string): readonly Message[];
  dropMessages(messages: readonly Message[]): void;
  dropAllMessages(instanceId: string): void;
  /** Returns the instances for which messages were taken. */
  instancesWithMessages(): readonly string[];
  /** Takes the messages that have become visible. Returns their instances. */
  takeVisibleMessages(now: number): readonly string[];

  /** Adds an activity that can run immediately (`visibleAt` 0) or from an instant on (epoch ms). Returns its `seq`. */
  addActivity(work: Omit<ActivityWork, "seq">, visibleAt: number): number;
  activity(seq: number): ActivityWork | undefined;
  /** Marks an activity as taken, or renews the mark of one that still runs. */
  holdActivity(seq: number): void;
  removeActivity(seq: number): void;
  runnableActivities(): readonly number[];
  /** Makes the hidden activities that are due runnable. Returns their `seq`. */
  releaseDueActivities(now: number): readonly number[];

  addTimer(timer: TimerWork): void;
  /** Removes and returns the timers whose message has arrived, the earliest first. */
  takeDueTimers(now: number): readonly TimerWork[];

  /** Returns when the next timer, message or activity becomes visible (epoch ms). */
  nextDue(): number | undefined;
};

/** Opens the queues. Messages that a former process held stay invisible until their time-out. */
export function openHubWork(
  database: DatabaseSync,
  clock: Pick<Clock, "now">,
  { controlQueueMs, workItemQueueMs }: VisibilityTimeouts,
): HubWork {
  database.exec(
    "UPDATE messages SET held = 0 WHERE held = 1; UPDATE activities SET held = 0 WHERE held = 1",
  );
  const send = database.prepare(
    "INSERT INTO messages (instance_id, execution_id, event, held, visible_at) VALUES (?, ?, ?, ?, ?)",
  );
  const messages = database.prepare(`
    SELECT seq, execution_id AS executionId, event FROM messages
    WHERE instance_id = ? AND held = 1 ORDER BY seq`);
  const drop = database.prepare("DELETE FROM messages WHERE seq = ?");
  const dropAll = database.prepare("DELETE FROM messages WHERE instance_id = ?");
  const recipients = database.prepare(
    "SELECT instance_id AS instanceId FROM messages WHERE held = 1 GROUP BY instance_id ORDER BY min(seq)",
  );
  const visible = database.prepare(`
    SELECT seq, instance_id AS instanceId FROM messages
    WHERE held = 0 AND visible_at <= ? ORDER BY visible_at, seq`);
  // A message that was delayed arrives after those that were sent in the meantime.
  const take = database.prepare(`
    UPDATE messages SET held = 1, visible_at = ?, seq = (SELECT max(seq) + 1 FROM messages)
    WHERE seq = ?`);
  const addActivity = database.prepare(`
    INSERT INTO activities
      (instance_id, execution_id, task_id, name, input, is_extra, held, visible_at)
    VALUES (?, ?, ?, ?, ?, ?, 0, ?)`);
  const activity = database.prepare(`
    SELECT seq, instance_id AS instanceId, execution_id AS executionId, task_id AS taskId, name,
      input, is_extra AS isExtra
    FROM activities WHERE seq = ?`);
  const hold = database.prepare("UPDATE activities SET held = 1, visible_at = ? WHERE seq = ?");
  const removeActivity = database.prepare("DELETE FROM activities WHERE seq = ?");
  const runnable = database.prepare(
    "SELECT seq FROM activities WHERE held = 0 AND visible_at = 0 ORDER BY seq",
  );
  const release = database.prepare(`
    UPDATE activities SET visible_at = 0 WHERE held = 0 AND visible_at > 0 AND visible_at <= ?
    RETURNING seq`);
  const addTimer = database.prepare(`
    INSERT INTO timers (execution_id, timer_id, instance_id, created_at, fire_at, visible_at)
    VALUES (?, ?, ?, ?, ?, ?)`);
  const dueTimers = database.prepare(`
    SELECT instance_id AS instanceId, execution_id AS executionId, timer_id AS timerId,
      created_at AS createdAt, fire_at AS fireAt, visible_at AS visibleAt
    FROM timers WHERE visible_at <= ? ORDER BY visible_at, execution_id, timer_id`);
  const dropTimers = database.prepare("DELETE FROM timers WHERE visible_at <= ?");
  const nextDue = database.prepare(`
    SELECT min(due) AS due FROM (
      SELECT min(visible_at) AS due FROM timers
      UNION ALL SELECT min(visible_at) FROM messages WHERE held = 0
      UNION ALL SELECT min(visible_at) FROM activities WHERE held = 0 AND visible_at > 0)`);
  let takes = false;

  const takeVisible = (now: number) => {
    const rows = visible.all(now);
    for (const { seq } of rows) take.run(now + controlQueueMs, seq ?? null);
    return [...new Set(rows.map(({ instanceId }) => String(instanceId)))];
  };
  return {
    takeMessages() {
      takes = true;
      takeVisible(clock.now());
    },
    releaseAll() {
      takes = false;
      database.exec(
        "UPDATE messages SET held = 0, visible_at = 0 WHERE held = 1; UPDATE activities SET held = 0, visible_at = 0 WHERE held = 1",
      );
    },
    send(instanceId, executionId, event, delayMs = 0) {
      const now = clock.now();
      const [held, visibleAt] =
        takes && delayMs === 0 ? [1, now + controlQueueMs] : [0, now + delayMs];
      send.run(instanceId, executionId, JSON.stringify(event), held, visibleAt);
    },
    messages: (instanceId) =>
      messages.all(instanceId).map(({ seq, executionId, event: text }) => {
        const event: HistoryEvent = JSON.parse(String(text)); // written by `send` above
        return { seq: Number(seq), executionId: readText(executionId), event };
      }),
    dropMessages(dropped) {
      for (const { seq } of dropped) drop.run(seq);
    },
    dropAllMessages: (instanceId) => void dropAll.run(instanceId),
    instancesWithMessages: () => recipients.all().map(({ instanceId }) => String(instanceId)),
    takeVisibleMessages: (now) => (takes ? takeVisible(now) : []),

    addActivity({ instanceId, executionId, taskId, name, input, isExtra }, visibleAt) {
      const extra = isExtra ? 1 : 0;
      const values = [instanceId, executionId, taskId, name, input, extra, visibleAt];
      return Number(addActivity.run(...values).lastInsertRowid);
    },
    activity(seq) {
      const row = activity.get(seq);
      if (row === undefined) return undefined;
      return {
        seq,
        instanceId: String(row["instanceId"]),
        executionId: String(row["executionId"]),
        taskId: Number(row["taskId"]),
        name: String(row["name"]),
        input: readText(row["input"]),
        isExtra: row["isExtra"] === 1,
      };
    },
    holdActivity: (seq) => void hold.run(clock.now() + workItemQueueMs, seq),
    removeActivity: (seq) => void removeActivity.run(seq),
    runnableActivities: () => runnable.all().map(({ seq }) => Number(seq)),
    releaseDueActivities: (now) => release.all(now).map(({ seq }) => Number(seq)),

    addTimer: ({ executionId, timerId, instanceId, createdAt, fireAt, visibleAt }) =>
      void addTimer.run(executionId, timerId, instanceId, createdAt, fireAt, visibleAt),
    takeDueTimers(now) {
      const due = dueTimers.all(now).map((row) => ({
        instanceId: String(row["instanceId"]),
        executionId: String(row["executionId"]),
        timerId: Number(row["timerId"]),
        createdAt: Number(row["createdAt"]),
        fireAt: Number(row["fireAt"]),
        visibleAt: Number(row["visibleAt"]),
      }));
      if (due.length > 0) dropTimers.run(now);
      return due;
    },
    nextDue() {
      const due = nextDue.get()?.["due"];
      return typeof due === "number" ? due : undefined;
    },
  };
}

function readText(value: SQLOutputValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}
