import type { Caller } from "../auth/caller.ts";
import type { AccountSettings } from "./account-settings.ts";
import type { CopySettings } from "../pending-copies/copy-settings.ts";
import type { OperationName } from "../http/rest-operation.ts";
import type { ServiceName, StorageResponse, StorageRequest } from "../http/storage-request.ts";
import type { VirtualHosts } from "../http/virtual-hosts.ts";
import type { RoleAssignment } from "../auth/role-assignments.ts";
import type { FetchedSource } from "../pending-copies/web-object.ts";
import type { Store } from "../store/store.ts";

/** One authorized request, inside its transaction. */
export type Call = {
  request: StorageRequest;
  operation: OperationName;
  store: Store;
  /** Epoch ms; constant for the whole request. */
  now: number;
  caller: Caller;
  copies: CopySettings;
  /** Roles of the identity that tokens are for. */
  roles: readonly RoleAssignment[];
  /** Origins of the emulator's endpoints: `http://host:port` or `https://host:port`. */
  ownOrigins: Readonly<Record<ServiceName, string>>;
  hosts: VirtualHosts;
  /** Settings of the account in the request's URL. */
  accountSettings: AccountSettings;
  /** The copy source outside Storage; absent until it was fetched (see `web-object.ts`). */
  webSource?: FetchedSource;
};

/** Executes one REST operation, or throws a StorageError. */
export type Operation = (call: Call) => StorageResponse;
