import {
  BlobSASPermissions,
  BlobServiceClient,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { firstAccount, hour } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";
import type { ExtensionStack } from "./extension-stack.ts";

/** The scenarios of test/replay are written for virtual time; here they take this fraction of it. */
export const timeScale = 10;
const maxEndMs = 150_000;
/** Approximate time for work after which a virtual clock would be settled (ms). */
const settledMs = 1_000;

/** The part of a test stack that the scenarios of test/replay use, on the real extension and in real time. */
export function realTimeWorld(stack: ExtensionStack): TestStack {
  const service = (account: string) => {
    const key = stack.emulator.accounts.find(({ name }) => name === account)?.key ?? "";
    const credential = new StorageSharedKeyCredential(account, key);
    return new BlobServiceClient(`${stack.emulator.blobUrl}/${account}`, credential);
  };
  const container = (name: string, account = firstAccount) =>
    service(account).getContainerClient(name);
  const blob = (path: string, account = firstAccount) => {
    const [name = "", ...rest] = path.split("/");
    return container(name, account).getBlockBlobClient(rest.join("/"));
  };
  const world = {
    clock: {
      now: () => Date.now(),
      advance: (ms: number) => stack.wait(Math.max(ms / timeScale, settledMs)),
      settled: () => stack.wait(settledMs),
    },
    log: [],
    local: { emulator: stack.emulator, host: { url: stack.url() } },
    call: stack.call,
    async start(body: unknown, headers: Record<string, string> = {}) {
      const copy = await stack.start(body, headers);
      await stack.wait(settledMs);
      return copy;
    },
    get: stack.get,
    untilEnded: (id: string) => stack.untilEnded(id, maxEndMs),
    blob,
    container,
    async upload(path: string, content: Buffer | string, account = firstAccount) {
      await container(path.split("/")[0] ?? "", account).createIfNotExists();
      const uploaded = blob(path, account);
      await uploaded.uploadData(Buffer.from(content));
      return uploaded;
    },
    readSas: (each: ReturnType<typeof blob>) =>
      each.generateSasUrl({
        permissions: BlobSASPermissions.parse("r"),
        startsOn: new Date(Date.now() - hour),
        expiresOn: new Date(Date.now() + hour),
      }),
    async restart() {
      await stack.stop();
      await stack.revive();
    },
  };
  return world as unknown as TestStack; // the scenarios use nothing else
}
