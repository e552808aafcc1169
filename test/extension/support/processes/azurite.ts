import { join } from "node:path";
import { startChild } from "./child.ts";
import { extensionFolder, root } from "./paths.ts";
import { reservedPorts } from "../../../support/reserved-ports.ts";

/** The published key of the development account. */
export const developmentKey =
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

export type Azurite = { connection: string; stop(): Promise<void> };

/** Starts Azurite in memory: queues, tables and blobs for task hubs. Its log is the list of all requests. */
export async function startAzurite(folder: string): Promise<Azurite> {
  const [blob = 0, queue = 0, table = 0] = await reservedPorts(3);
  const program = join(root, "node_modules/azurite/dist/src/azurite.js");
  const ports = ["--blobPort", blob, "--queuePort", queue, "--tablePort", table].map(String);
  const flags = ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"];
  const child = startChild(
    process.execPath,
    [
      "--import",
      join(extensionFolder, "support/processes/end-with-stdin.ts"),
      program,
      ...ports,
      ...flags,
    ],
    { environment: {}, logFile: join(folder, "azurite.log") },
  );
  await child.until(/Table service is successfully listening/);
  const at = (port: number) => `http://127.0.0.1:${port}/devstoreaccount1`;
  return {
    connection: [
      "DefaultEndpointsProtocol=http",
      "AccountName=devstoreaccount1",
      `AccountKey=${developmentKey}`,
      `BlobEndpoint=${at(blob)}`,
      `QueueEndpoint=${at(queue)}`,
      `TableEndpoint=${at(table)}`,
      "",
    ].join(";"),
    stop: () => child.kill(),
  };
}
