import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
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

/** `fireAt` in epoch ms. */
export type TimerWork = {
  instanceId: string;
  executionId: string;
  timerId: number;
  fireAt: number;
};

export type HubWork = {
  send(instanceId: string, executionId: string | null, event: HistoryEvent): void;
  messages(instanceId: string): readonly Message[];
  dropMessages(instanceId: string, upTo: number): void;
  instancesWithMessages(): readonly string[];

  /** Adds an activity that can run immediately (`notBefore` 0) or from an instant on (epoch ms). Returns its `seq`. */
  addActivity(work: Omit<ActivityWork, "seq">, notBefore: number): number;
  activity(seq: number): ActivityWork | undefined;
  removeActivity(seq: number): void;
  runnableActivities(): readonly number[];

  addTimer(timer: TimerWork): void;
  /** Removes and returns the due timers, the earliest first. */
  takeDueTimers(now: number): readonly TimerWork[];
  /** Makes due delayed activities runnable. Returns their `seq`. */
  releaseDueActivities(now: number): readonly number[];
  /** Returns when the next timer or delayed activity is due (epoch ms). */
  nextDue(): number | undefined;
};

export function openHubWork(database: DatabaseSync): HubWork {
  const send = database.prepare(
    "INSERT INTO messages (instance_id, execution_id, event) VALUES (?, ?, ?)",
  );
  const messages = database.prepare(
    "SELECT seq, execution_id AS executionId, event FROM messages WHERE instance_id = ? ORDER BY seq",
  );
  const drop = database.prepare("DELETE FROM messages WHERE instance_id = ? AND seq <= ?");
  const recipients = database.prepare(
    "SELECT instance_id AS instanceId FROM messages GROUP BY instance_id ORDER BY min(seq)",
  );
  const addActivity = database.prepare(`
    INSERT INTO activities
      (instance_id, execution_id, task_id, name, input, not_before, is_extra)
    VALUES (?, ?, ?, ?, ?, ?, ?)`);
  const activity = database.prepare(`
    SELECT seq, instance_id AS instanceId, execution_id AS executionId, task_id AS taskId, name,
      input, is_extra AS isExtra
    FROM activities WHERE seq = ?`);
  const removeActivity = database.prepare("DELETE FROM activities WHERE seq = ?");
  const runnable = database.prepare("SELECT seq FROM activities WHERE not_before = 0 ORDER BY seq");
  const release = database.prepare(
    "UPDATE activities SET not_before = 0 WHERE not_before > 0 AND not_before <= ? RETURNING seq",
  );
  const addTimer = database.prepare(
    "INSERT INTO timers (execution_id, timer_id, instance_id, fire_at) VALUES (?, ?, ?, ?)",
  );
  const dueTimers = database.prepare(`
    SELECT instance_id AS instanceId, execution_id AS executionId, timer_id AS timerId,
      fire_at AS fireAt
    FROM timers WHERE fire_at <= ? ORDER BY fire_at, execution_id, timer_id`);
  const dropTimers = database.prepare("DELETE FROM timers WHERE fire_at <= ?");
  const nextDue = database.prepare(`
    SELECT min(due) AS due FROM (
      SELECT min(fire_at) AS due FROM timers
      UNION ALL SELECT min(not_before) FROM activities WHERE not_before > 0)`);

  return {
    send: (instanceId, executionId, event) =>
      void send.run(instanceId, executionId, JSON.stringify(event)),
    messages: (instanceId) =>
      messages.all(instanceId).map(({ seq, executionId, event: text }) => {
        const event: HistoryEvent = JSON.parse(String(text)); // written by `send` above
        return { seq: Number(seq), executionId: readText(executionId), event };
      }),
    dropMessages: (instanceId, upTo) => void drop.run(instanceId, upTo),
    instancesWithMessages: () => recipients.all().map(({ instanceId }) => String(instanceId)),

    addActivity({ instanceId, executionId, taskId, name, input, isExtra }, notBefore) {
      const extra = isExtra ? 1 : 0;
      const values = [instanceId, executionId, taskId, name, input, notBefore, extra];
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
    removeActivity: (seq) => void removeActivity.run(seq),
    runnableActivities: () => runnable.all().map(({ seq }) => Number(seq)),

    addTimer: ({ executionId, timerId, instanceId, fireAt }) =>
      void addTimer.run(executionId, timerId, instanceId, fireAt),
    takeDueTimers(now) {
      const due = dueTimers.all(now).map((row) => ({
        instanceId: String(row["instanceId"]),
        executionId: String(row["executionId"]),
        timerId: Number(row["timerId"]),
        fireAt: Number(row["fireAt"]),
      }));
      if (due.length > 0) dropTimers.run(now);
      return due;
    },
    releaseDueActivities: (now) => release.all(now).map(({ seq }) => Number(seq)),
    nextDue() {
      const due = nextDue.get()?.["due"];
      return typeof due === "number" ? due : undefined;
    },
  };
}

function readText(value: SQLOutputValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}
