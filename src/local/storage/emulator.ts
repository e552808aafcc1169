import type { Clock } from "../clock.ts";
import { createAccountSettings, type AccountSettings } from "./calls/account-settings.ts";
import { accounts, type Account } from "./auth/accounts.ts";
import { createCopyControls, type CopyControls } from "./pending-copies/copy-controls.ts";
import { defaultCopySettings, type CopySettings } from "./pending-copies/copy-settings.ts";
import { dispatch } from "./operation-dispatch.ts";
import { startDeliveries, type StorageEvents } from "./events/deliveries.ts";
import { createFaults, type Faults } from "./server/faults.ts";
import { startIdentityEndpoint, type IdentityEndpoint } from "./auth/identity-endpoint.ts";
import { endDueCopies } from "./pending-copies/pending-copies.ts";
import { StorageError } from "./http/rest-errors.ts";
import type { OperationName } from "./http/rest-operation.ts";
import type { ServiceName } from "./http/storage-request.ts";
import type { VirtualHosts } from "./http/virtual-hosts.ts";
import type { RoleAssignment } from "./auth/role-assignments.ts";
import {
  startServer,
  type ReceivedRequest,
  type ServerOptions,
  type StorageServer,
} from "./server/storage-server.ts";
import { isFileError, openStore } from "./store/store.ts";
import { createWebSources, runWithFetch } from "./pending-copies/web-sources.ts";

export type StorageEmulatorOptions = {
  clock: Clock;
  /** 0 for any free port. */
  blobPort: number;
  /** Port of Azure Files. Default: any free port. */
  filePort?: number;
  /** A SQLite file, or ":memory:" to keep nothing after `close`. */
  file: string;
  /** Key and certificate in PEM. If present, the emulator accepts https only, accepts tokens, and has an identity. */
  tls?: { key: string; cert: string };
  /** Hosts that reach an account by their name, in addition to the emulator's own address; default: none. */
  hosts?: VirtualHosts;
  copies?: Partial<CopySettings>;
  /** Gets every error of the disk or the file, such as a full disk. The request that caused it gets a 503. */
  onStoreError?: (error: unknown) => void;
  /** Returns the response to a request that must not reach Storage; by default every request reaches it. */
  refuse?: ServerOptions["refuse"];
  /** Gets one line for each request and each error, without secrets. */
  log?: (line: string) => void;
};

export type StorageEmulator = {
  /** `http://127.0.0.1:port`, or `https`. The endpoint of an account is this URL plus `/account`. */
  blobUrl: string;
  port: number;
  /** The same for Azure Files. */
  fileUrl: string;
  filePort: number;
  accounts: readonly Account[];
  /** Settings can be changed at any time and apply to copies that start afterwards. */
  copies: CopySettings & CopyControls;
  /** Settings of an account; can be changed at any time. */
  accountSettings: (account: string) => AccountSettings;
  faults: Faults;
  /** Delivers BlobCreated events to subscribers. */
  events: StorageEvents;
  /** Roles of the identity; can be changed at any time. */
  roles: RoleAssignment[];
  /** Endpoint that issues the identity's tokens; null without TLS, because tokens require https. */
  identity: IdentityEndpoint | null;
  /** The latest 1,000 requests, oldest first. */
  requests: readonly ReceivedRequest[];
  /** How many requests of each operation it has received since its start. */
  requestCounts: ReadonlyMap<OperationName, number>;
  /** Also closes open connections. */
  close(): Promise<void>;
};

const maxRecordedRequests = 1000;
const defaultRoles = [
  "Storage Blob Data Owner",
  "Storage File Data Privileged Contributor",
  "Storage File Delegator",
] as const;

/** Starts the Storage emulator. `README.md` in this folder lists the supported operations. */
export async function startStorageEmulator(
  options: StorageEmulatorOptions,
): Promise<StorageEmulator> {
  const { clock, hosts = {}, log = () => {} } = options;
  const store = openStore(options.file, options.onStoreError);
  const accountSettings = createAccountSettings();
  const faults = createFaults();
  const requests: ReceivedRequest[] = [];
  const requestCounts = new Map<OperationName, number>();
  const copies = {
    ...defaultCopySettings,
    ...options.copies,
    ...createCopyControls(
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
  const ownOrigins = { blob: "", file: "" }; // set when the ports are known
  const web = createWebSources(store, clock);
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
      hosts,
      ...(tls === undefined ? {} : { tls }),
      refuse: options.refuse ?? (() => undefined),
      takeFault: faults.take,
      handle: (request, operation) =>
        runWithFetch(web, (webSource) =>
          dispatch({
            request,
            operation,
            store,
            now: clock.now(),
            copies,
            accountSettings: accountSettings(request.resource.account),
            roles,
            ownOrigins,
            hosts,
            ...(webSource && { webSource }),
          }),
        )
          .catch((error: unknown) => {
            throw isFileError(error) ? new StorageError("ServerBusy") : error;
          })
          .finally(() => events.refresh()), // rejected requests also end copies that are due
      record(request) {
        const { operation } = request;
        requestCounts.set(operation, (requestCounts.get(operation) ?? 0) + 1);
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
      requestCounts,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
