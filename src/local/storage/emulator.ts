import type { Clock } from "../clock.ts";
import { accounts, type Account } from "./accounts.ts";
import { copyControls, type CopyControls } from "./copy-controls.ts";
import { defaultCopySettings, type CopySettings } from "./copy-settings.ts";
import { dispatch } from "./dispatch.ts";
import { createFaults, type Faults } from "./faults.ts";
import { startServer, type ReceivedRequest, type StorageServer } from "./server.ts";
import { openStore } from "./store.ts";

export type StorageEmulatorOptions = {
  clock: Clock;
  /** 0 is any free port. */
  blobPort: number;
  /** A SQLite file, or ":memory:" for an emulator that forgets. */
  file: string;
  copies?: Partial<CopySettings>;
  /** One line for each request, and for what went wrong; never a secret. */
  log?: (line: string) => void;
};

export type StorageEmulator = {
  /** `http://127.0.0.1:port`; an account's endpoint is this with `/account` behind it. */
  blobUrl: string;
  port: number;
  accounts: readonly Account[];
  /** The settings may be changed at any time and count for copies that start afterwards. */
  copies: CopySettings & CopyControls;
  faults: Faults;
  /** What was received, oldest first; only the last 1,000. */
  requests: readonly ReceivedRequest[];
  /** Breaks open connections, too. */
  close(): Promise<void>;
};

const rememberedRequests = 1000;

/** Starts the Storage emulator: `README.md` beside this file has its promises, one by one. */
export async function startStorageEmulator(
  options: StorageEmulatorOptions,
): Promise<StorageEmulator> {
  const { clock, log = () => {} } = options;
  const store = openStore(options.file);
  const faults = createFaults();
  const requests: ReceivedRequest[] = [];
  const copies = {
    ...defaultCopySettings,
    ...options.copies,
    ...copyControls(store, () => clock.now()),
  };
  const server: StorageServer = await startServer({
    clock,
    port: options.blobPort,
    takeFault: faults.take,
    act: (request, operation) =>
      dispatch({
        request,
        operation,
        store,
        now: clock.now(),
        copies,
        ownHost: `127.0.0.1:${server.port}`,
      }),
    received(request) {
      requests.push(request);
      if (requests.length > rememberedRequests) requests.shift();
    },
    log,
  }).catch((error: unknown) => {
    store.close();
    throw error;
  });
  return {
    blobUrl: `http://127.0.0.1:${server.port}`,
    port: server.port,
    accounts,
    copies,
    faults,
    requests,
    async close() {
      await server.close();
      store.close();
    },
  };
}
