/** Where the task hub is: in the app's own storage account, or in Durable Task Scheduler. */
export type Backend = "storage" | "scheduler";

/** The part of host.json that differs: the scheduler needs neither queues nor partitions. */
const schedulerProvider = {
  type: "azureManaged",
  connectionStringName: "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
};

/** Reads the name of a backend; the default is Azure Storage. */
export function parseBackend(text: string | undefined): Backend {
  if (text === undefined || text === "" || text === "storage") return "storage";
  if (text === "scheduler") return "scheduler";
  throw new Error(
    `Cannot build the package because FERRY_BACKEND must be "storage" or "scheduler": "${text}"`,
  );
}

/**
 * Returns host.json for a backend. `text` is the project's own, which is for Azure Storage. Each backend needs a file,
 * because the platform's scale controller reads the file and not the settings.
 */
export function hostJsonFor(backend: Backend, text: string): string {
  if (backend === "storage") return text;
  const json = JSON.parse(text) as HostJson; // test/unit/host-json.test.ts checks the project's file
  const { extensions, ...rest } = json;
  const { durableTask, ...others } = extensions;
  const changed: HostJson = {
    ...rest,
    extensions: { ...others, durableTask: { ...durableTask, storageProvider: schedulerProvider } },
  };
  return `${JSON.stringify(changed, null, 2)}\n`;
}

type HostJson = { extensions: { durableTask: { storageProvider: object } } };
