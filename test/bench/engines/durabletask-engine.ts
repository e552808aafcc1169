import {
  InMemoryOrchestrationBackend,
  type OrchestrationContext,
  OrchestrationStatus,
  type Task,
  TestOrchestrationClient,
  TestOrchestrationWorker,
  whenAny,
} from "@microsoft/durabletask-js";
import {
  type Contestant,
  pollingInput,
  type PollingLoad,
  type ReadResult,
  readProgress,
  type ReadInput,
  type Measurement,
} from "./polling.ts";

/** @microsoft/durabletask-js with its in-memory backend, worker and client, as its tests use them. */
export const durabletaskInMemory: Contestant = {
  name: "durabletask-js, in memory",
  run: (run) => withoutItsLog(() => runPolling(run)),
};

async function runPolling({ instances, polls }: PollingLoad): Promise<Measurement> {
  let turns = 0;
  const backend = new InMemoryOrchestrationBackend();
  const worker = new TestOrchestrationWorker(backend);
  const client = new TestOrchestrationClient(backend);
  worker.addNamedActivity("readProgress", (_, input: ReadInput) => readProgress(input));
  worker.addNamedOrchestrator(
    "pollCopy",
    async function* (
      context: OrchestrationContext,
      input: typeof pollingInput,
    ): AsyncGenerator<Task<unknown>, ReadResult, ReadResult> {
      turns++;
      const read = (attempt: number) =>
        context.callActivity<ReadInput, ReadResult>("readProgress", {
          attempt,
          polls,
          destination: input.destination,
        });
      let response = yield read(0);
      for (let attempt = 1; response.state === "pending"; attempt++) {
        const due = context.createTimer(context.currentUtcDateTime);
        yield whenAny([context.waitForExternalEvent("abort"), due]);
        response = yield read(attempt);
      }
      return response;
    },
  );

  const begun = performance.now();
  await worker.start();
  const ids = await Promise.all(
    Array.from({ length: instances }, () =>
      client.scheduleNewOrchestration("pollCopy", pollingInput),
    ),
  );
  const states = await Promise.all(
    ids.map((id) => client.waitForOrchestrationCompletion(id, true, 0)), // 0: without a time limit
  );
  const milliseconds = performance.now() - begun;
  await worker.stop();
  const wanted = JSON.stringify(readProgress({ attempt: polls, polls, destination: "" }));
  for (const state of states) {
    const { runtimeStatus, serializedOutput } = state ?? {};
    if (runtimeStatus !== OrchestrationStatus.COMPLETED || serializedOutput !== wanted) {
      throw new Error(
        `durabletask-js did not end an instance with ${wanted}: ${runtimeStatus} ${serializedOutput}`,
      );
    }
  }
  return { turns, milliseconds };
}

/** The test worker accepts no logger and writes about ten lines per turn with `console.info` and `.debug`. */
async function withoutItsLog<T>(work: () => Promise<T>): Promise<T> {
  const { info, debug } = console;
  Object.assign(console, { info() {}, debug() {} });
  try {
    return await work();
  } finally {
    Object.assign(console, { info, debug });
  }
}
