import type { CallOptions, Response, Stack } from "../support/stack.ts";

/** The management API of one engine. */
export type Api = Pick<Stack, "manage" | "until">;

/** One call to the management API; `given` prepares it. */
export type ParityCall = {
  given?: (api: Api) => Promise<unknown>;
  method: string;
  path: string;
  options?: CallOptions;
};

const start = (name: string, id: string, body?: unknown) => (api: Api) =>
  api.manage("POST", `orchestrators/${name}/${id}`, body === undefined ? {} : { body });

/** Waits until the instance has this status. */
export const untilStatus = (api: Api, id: string, status: string): Promise<Response> =>
  api.until(
    `${id} is ${status}`,
    async () => {
      const response = await api.manage("GET", `instances/${id}`);
      return response.json?.runtimeStatus === status ? response : null;
    },
    20_000,
  );

const running = (name: string, id: string, body?: unknown) => async (api: Api) => {
  await start(name, id, body)(api);
  await untilStatus(api, id, "Running");
};
const ended = (name: string, id: string, status: string, body?: unknown) => async (api: Api) => {
  await start(name, id, body)(api);
  await untilStatus(api, id, status);
};

const post = (path: string, body?: unknown, headers?: Record<string, string>): ParityCall => ({
  method: "POST",
  path,
  options: {
    ...(body === undefined ? {} : { body }),
    ...(headers === undefined ? {} : { headers }),
  },
});
const get = (path: string): ParityCall => ({ method: "GET", path });
const remove = (path: string): ParityCall => ({ method: "DELETE", path });
const json = { "content-type": "application/json" };

/** The calls by name. Each has different ids, so that all can run at the same time. */
export const parityCalls: Record<string, ParityCall> = {
  // Start
  "start with an id": post("orchestrators/quick/start-1", { a: 1 }),
  "start without an id": post("orchestrators/quick", { a: 1 }),
  "start with an empty body": post("orchestrators/quick/start-empty"),
  "start with a text that is not JSON": post("orchestrators/quick/start-bad", "{nonsense", json),
  "start with the id of a running instance": {
    given: running("wait", "busy"),
    ...post("orchestrators/quick/busy", 1),
  },
  "start with the id of an ended instance": {
    given: ended("quick", "again", "Completed", 1),
    ...post("orchestrators/quick/again", 2),
  },
  "start of an unknown orchestrator": post("orchestrators/nobody/start-nobody", 1),
  "status of an unknown orchestrator's instance": {
    given: ended("nobody", "nobody-1", "Failed", 1),
    ...get("instances/nobody-1"),
  },
  "start in another case": post("orchestrators/QUICK/start-case", 1),
  "status of a start in another case": {
    given: ended("QUICK", "case-1", "Completed", 1),
    ...get("instances/case-1"),
  },
  "start with an id that begins with @": post("orchestrators/quick/@at", 1),
  "start with an id that has a number sign": post("orchestrators/quick/a%23b", 1),
  "start with an id that has a question mark": post("orchestrators/quick/a%3Fb", 1),
  "start with an id that has a backslash": post("orchestrators/quick/a%5Cb", 1),
  "start with an id that has a control character": post("orchestrators/quick/a%01b", 1),
  "start with an id that has a slash": post("orchestrators/quick/a%2Fb", 1),
  "start with an id that has a space": post("orchestrators/quick/a%20b", 1),
  "start with an id of 256 characters": post(`orchestrators/quick/${"i".repeat(256)}`, 1),
  "start with an id of 257 characters": post(`orchestrators/quick/${"j".repeat(257)}`, 1),
  "start by GET": get("orchestrators/quick/start-get"),

  // Status
  "status of a running instance": {
    given: running("wait", "status-running", { a: 1 }),
    ...get("instances/status-running"),
  },
  "status of a completed instance": {
    given: ended("quick", "status-done", "Completed", { a: 1 }),
    ...get("instances/status-done"),
  },
  "status without the input": {
    given: ended("quick", "status-no-input", "Completed", { a: 1 }),
    ...get("instances/status-no-input?showInput=false"),
  },
  "status with the history": {
    given: ended("quick", "status-history", "Completed", { a: 1 }),
    ...get("instances/status-history?showHistory=true"),
  },
  "status with the history's inputs and results": {
    given: ended("quick", "status-history-all", "Completed", { a: 1 }),
    ...get("instances/status-history-all?showHistory=true&showHistoryOutput=true&showInput=true"),
  },
  "status with the history of a failed activity": {
    given: ended("failedActivity", "status-activity", "Completed"),
    ...get("instances/status-activity?showHistory=true&showHistoryOutput=true"),
  },
  "status with the history of a terminated instance": {
    given: async (api) => {
      await running("wait", "status-terminated")(api);
      await api.manage("POST", "instances/status-terminated/terminate?reason=why");
      await untilStatus(api, "status-terminated", "Terminated");
    },
    ...get("instances/status-terminated?showHistory=true&showHistoryOutput=true"),
  },
  "status with the history of a timer": {
    given: ended("sleep", "status-timer", "Completed", 1_500),
    ...get("instances/status-timer?showHistory=true"),
  },
  "status with the history of an event": {
    given: async (api) => {
      await running("wait", "status-event")(api);
      await api.manage("POST", "instances/status-event/raiseEvent/go", { body: { b: 2 } });
      await untilStatus(api, "status-event", "Completed");
    },
    ...get("instances/status-event?showHistory=true&showHistoryOutput=true&showInput=true"),
  },
  "status of a failed instance": {
    given: ended("fail", "status-failed", "Failed"),
    ...get("instances/status-failed"),
  },
  "status of a failed instance, as an error": {
    given: ended("fail", "status-failed-500", "Failed"),
    ...get("instances/status-failed-500?returnInternalServerErrorOnFailure=true"),
  },
  "status of an instance that threw a text": {
    given: ended("throwText", "status-text", "Failed"),
    ...get("instances/status-text"),
  },
  "status of an instance that threw an error without a message": {
    given: ended("throwEmpty", "status-empty", "Failed"),
    ...get("instances/status-empty"),
  },
  "status of an instance with an unknown activity": {
    given: async (api) => {
      await start("unknownActivity", "status-unknown")(api);
      await new Promise((resolve) => setTimeout(resolve, 3_000));
    },
    ...get("instances/status-unknown"),
  },
  "status of an instance whose custom status has 16,000 characters": {
    given: ended("bigStatus", "status-16000", "Completed", 8_100),
    ...get("instances/status-16000?showInput=false"),
  },
  "status of an instance whose custom status is too large": {
    given: ended("bigStatus", "status-large", "Failed", 16_500),
    ...get("instances/status-large"),
  },
  "status of an instance that collected activity inputs": {
    given: ended("inputs", "status-inputs", "Completed"),
    ...get("instances/status-inputs"),
  },
  "status of an unknown instance": get("instances/nobody-there"),

  // Events
  "event to a waiting instance": {
    given: running("wait", "event-1"),
    ...post("instances/event-1/raiseEvent/go", { b: 1 }),
  },
  "event to an unknown instance": post("instances/nobody-there/raiseEvent/go", 1),
  "event to an ended instance": {
    given: ended("quick", "event-ended", "Completed"),
    ...post("instances/event-ended/raiseEvent/go", 1),
  },
  "event without a body": {
    given: running("wait", "event-empty"),
    ...post("instances/event-empty/raiseEvent/go", undefined, json),
  },
  "event that is not JSON": {
    given: running("wait", "event-bad"),
    ...post("instances/event-bad/raiseEvent/go", "{nonsense", json),
  },
  "event as plain text": {
    given: running("wait", "event-text"),
    ...post("instances/event-text/raiseEvent/go", "text", { "content-type": "text/plain" }),
  },
  "event whose name has a slash": {
    given: running("wait", "event-slash"),
    ...post("instances/event-slash/raiseEvent/a%2Fb", 1),
  },
  "event by GET": {
    given: running("wait", "event-get"),
    ...get("instances/event-get/raiseEvent/go"),
  },

  // Terminate, suspend, resume, rewind, restart
  "terminate a running instance": {
    given: running("wait", "terminate-1"),
    ...post("instances/terminate-1/terminate?reason=why"),
  },
  "terminate an ended instance": {
    given: ended("quick", "terminate-ended", "Completed"),
    ...post("instances/terminate-ended/terminate?reason=why"),
  },
  "terminate an unknown instance": post("instances/nobody-there/terminate?reason=why"),
  "status of a terminated instance": {
    given: async (api) => {
      await running("wait", "terminated-1")(api);
      await api.manage("POST", "instances/terminated-1/terminate?reason=why");
      await untilStatus(api, "terminated-1", "Terminated");
    },
    ...get("instances/terminated-1"),
  },
  "suspend a running instance": {
    given: running("wait", "suspend-1"),
    ...post("instances/suspend-1/suspend?reason=why"),
  },
  "status of a suspended instance": {
    given: async (api) => {
      await running("wait", "suspended-1")(api);
      await api.manage("POST", "instances/suspended-1/suspend?reason=why");
      await untilStatus(api, "suspended-1", "Suspended");
    },
    ...get("instances/suspended-1"),
  },
  "suspend an ended instance": {
    given: ended("quick", "suspend-ended", "Completed"),
    ...post("instances/suspend-ended/suspend?reason=why"),
  },
  "suspend an unknown instance": post("instances/nobody-there/suspend?reason=why"),
  "resume a suspended instance": {
    given: async (api) => {
      await running("wait", "resume-1")(api);
      await api.manage("POST", "instances/resume-1/suspend?reason=why");
      await untilStatus(api, "resume-1", "Suspended");
    },
    ...post("instances/resume-1/resume?reason=why"),
  },
  "resume a running instance": {
    given: running("wait", "resume-running"),
    ...post("instances/resume-running/resume?reason=why"),
  },
  "rewind a running instance": {
    given: running("wait", "rewind-1"),
    ...post("instances/rewind-1/rewind?reason=why"),
  },
  "restart an ended instance": {
    given: ended("quick", "restart-1", "Completed", 1),
    ...post("instances/restart-1/restart?restartWithNewInstanceId=false"),
  },

  // Purge
  "purge a running instance": { given: running("wait", "purge-1"), ...remove("instances/purge-1") },
  "status after the purge of a running instance": {
    given: async (api) => {
      await running("wait", "purge-2")(api);
      await api.manage("DELETE", "instances/purge-2");
    },
    ...get("instances/purge-2"),
  },
  "purge an ended instance": {
    given: ended("quick", "purge-3", "Completed"),
    ...remove("instances/purge-3"),
  },
  "purge an unknown instance": remove("instances/nobody-there"),
  "purge many without a time": remove("instances/"),
  "purge many in a time range without instances": remove(
    "instances/?createdTimeFrom=2001-01-01T00:00:00Z&createdTimeTo=2001-01-02T00:00:00Z",
  ),

  // List
  "list of a time range without instances": get(
    "instances/?createdTimeFrom=2001-01-01T00:00:00Z&createdTimeTo=2001-01-02T00:00:00Z",
  ),
  "list by the beginning of ids": {
    given: ended("quick", "listed-1", "Completed", 1),
    ...get("instances/?instanceIdPrefix=listed-"),
  },
  "list without inputs": {
    given: ended("quick", "unseen-1", "Completed", 1),
    ...get("instances/?instanceIdPrefix=unseen-&showInput=false"),
  },
  "list with no entry allowed": get("instances/?top=0"),
  "list with an unknown status": {
    given: ended("quick", "filtered-1", "Completed", 1),
    ...get("instances/?instanceIdPrefix=filtered-&runtimeStatus=Nonsense"),
  },
  "list with an invalid time": {
    given: ended("quick", "dated-1", "Completed", 1),
    ...get("instances/?instanceIdPrefix=dated-&createdTimeFrom=nonsense"),
  },

  // Other paths
  "an unknown path": get("nonsense"),
  "instances by POST": post("instances/x", 1),
  "an unknown operation": post("instances/x/nonsense"),
};
