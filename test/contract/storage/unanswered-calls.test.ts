import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import type { BlobEndpoint, FileEndpoint } from "../../../src/copy/location/endpoint.ts";
import { createCopyClient } from "../../../src/storage/create-copy-client.ts";
import { createCredentialFor } from "../../../src/storage/credentials.ts";
import { toCopyId } from "../../../src/copy/contract/ids.ts";

/** A service that accepts connections and never responds. */
async function silentService() {
  const server = createServer(() => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // listens on TCP
  return { server, origin: `http://127.0.0.1:${port}` };
}

const place = { account: "devstoreaccount1", path: "film.mp4", secondary: false, emulated: true };

test.each(["blob", "file"])(
  "a call without a response fails after half a minute: %s",
  async (service) => {
    const { server, origin } = await silentService();
    // The clients' timers; nothing else waits here.
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const blob: BlobEndpoint = { service: "blob", origin, container: "inbox", ...place };
    const file: FileEndpoint = { service: "file", origin, share: "drop", ...place };
    const endpoint = service === "blob" ? blob : file;
    const client = createCopyClient(createCredentialFor({ blob: origin, file: origin }));
    const abort = client
      .abort({ endpoint, sas: null, leaseId: null }, toCopyId("7e1c"))
      .catch((error: unknown) => error);
    await once(server, "request");
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await abort).toMatchObject({ response: { status: 0, code: "RequestTimedOut" } });
  },
);
