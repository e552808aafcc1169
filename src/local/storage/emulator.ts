import type { Clock } from "../clock.ts";
import { createAccountSettings, type AccountSettings } from "./calls/account-settings.ts";
import { accounts, type Account } from "./auth/accounts.ts";
import { copyControls, type CopyControls } from "./pending-copies/copy-controls.ts";
import { defaultCopySettings, type CopySettings } from "./pending-copies/copy-settings.ts";
import { dispatch } from "./operation-dispatch.ts";
import { startDeliveries, type StorageEvents } from "./events/deliveries.ts";
import { createFaults, type Faults } from "./server/faults.ts";
import { startIdentityEndpoint, type IdentityEndpoint } from "./auth/identity-endpoint.ts";
import { endDueCopies } from "./pending-copies/pending-copies.ts";
import type { ServiceName } from "./http/storage-request.ts";
import type { RoleAssignment } from "./auth/role-assignments.ts";
import { startServer, type ReceivedRequest, type StorageServer } from "./server/storage-server.ts";
import { openStore } from "./store/store.ts";
import { webSources, fetchAndRetry } from "./pending-copies/web-sources.ts";

export type StorageEmulatorOptions = {
  clock: Clock;
  /** 0 is any free port. */
  blobPort: number;
  /** Where Azure Files listens; any free port when absent. */
  filePort?: number;
  /** A SQLite file, or ":memory:" for an emulator that forgets. */
  file: string;
  /** Key and certificate, PEM: then it speaks https only, takes tokens, and has an identity that gets them. */
  tls?: { key: string; cert: string };
  copies?: Partial<CopySettings>;
  /** One line for each request, and for what went wrong; never a secret. */
  log?: (line: string) => void;
};

export type StorageEmulator = {
  /** `http://127.0.0.1:port`, or `https`; an account's endpoint is this with `/account` behind it. */
  blobUrl: string;
  port: number;
  /** The same for Azure Files. */
  fileUrl: string;
  filePort: number;
  accounts: readonly Account[];
  /** The settings may be changed at any time and count for copies that start afterwards. */
  copies: CopySettings & CopyControls;
  /** The settings of an account, to be read and changed. */
  accountSettings: (account: string) => AccountSettings;
  faults: Faults;
  /** BlobCreated, to whom it was promised. */
  events: StorageEvents;
  /** What the identity may do; may be changed at any time. */
  roles: RoleAssignment[];
  /** Where an app gets the identity's tokens; null without TLS, since tokens go over nothing else. */
  identity: IdentityEndpoint | null;
  /** What was received, oldest first; only the last 1,000. */
  requests: readonly ReceivedRequest[];
  /** Breaks open connections, too. */
  close(): Promise<void>;
};

const maxRecordedRequests = 1000;
const defaultRoles = [
  "Storage Blob Data Owner",
  "Storage File Data Privileged Contributor",
  "Storage File Delegator",
] as const;

/** Starts the Storage emulator: `README.md` beside this file has its promises, one by one. */
export async function startStorageEmulator(
  options: StorageEmulatorOptions,
): Promise<StorageEmulator> {
  const { clock, log = () => {} } = options;
  const store = openStore(options.file);
  const accountSettings = createAccountSettings();
  const faults = createFaults();
  const requests: ReceivedRequest[] = [];
  const copies = {
    ...defaultCopySettings,
    ...options.copies,
    ...copyControls(
      store,
      () => clock.now(),
      () => events.refresh(),
    ),
  };
  const roles = defaultRoles.flatMap((role) =>
    accounts.map(({ name }): RoleAssignment => ({ role, account: name })),
  );
  const { tls } = options;
  const scheme = tls === undefined ? "http" : "https";
  const ownOrigins = { blob: "", file: "" }; // filled in as soon as the ports are known
  const web = webSources(store, clock);
  const events = startDeliveries({
    store,
    clock,
    origin: () => ownOrigins.blob,
    async endCopies() {
      await web.endDue();
      store.transaction(() => endDueCopies(store, clock.now()));
    },
    log,
  });
  const servers: StorageServer[] = [];
  const close = async () => {
    events.close();
    web.close();
    await Promise.all(servers.map((server) => server.close()));
    store.close();
  };
  const start = async (service: ServiceName, port: number): Promise<StorageServer> => {
    const server = await startServer({
      service,
      clock,
      port,
      ...(tls === undefined ? {} : { tls }),
      takeFault: faults.take,
      handle: (request, operation) =>
        fetchAndRetry(web, (webSource) =>
          dispatch({
            request,
            operation,
            store,
            now: clock.now(),
            copies,
            accountSettings: accountSettings(request.resource.account),
            roles,
            ownOrigins,
            ...(webSource && { webSource }),
          }),
        ).finally(() => events.refresh()), // a request that is refused lets copies end, too
      record(request) {
        requests.push(request);
        if (requests.length > maxRecordedRequests) requests.shift();
      },
      log,
    });
    servers.push(server);
    return server;
  };
  try {
    const blobs = await start("blob", options.blobPort);
    const files = await start("file", options.filePort ?? 0);
    ownOrigins.blob = `${scheme}://127.0.0.1:${blobs.port}`;
    ownOrigins.file = `${scheme}://127.0.0.1:${files.port}`;
    return {
      blobUrl: ownOrigins.blob,
      port: blobs.port,
      fileUrl: ownOrigins.file,
      filePort: files.port,
      accounts,
      copies,
      accountSettings,
      faults,
      events,
      roles,
      identity: tls === undefined ? null : await startIdentityEndpoint(clock),
      requests,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
