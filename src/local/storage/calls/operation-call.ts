import type { Caller } from "../auth/caller.ts";
import type { AccountSettings } from "./account-settings.ts";
import type { CopySettings } from "../pending-copies/copy-settings.ts";
import type { OperationName } from "../http/rest-operation.ts";
import type { ServiceName, StorageResponse, StorageRequest } from "../http/storage-request.ts";
import type { RoleAssignment } from "../auth/role-assignments.ts";
import type { FetchedSource } from "../pending-copies/web-object.ts";
import type { Store } from "../store/store.ts";

/** One authorized request at one moment, inside its transaction. */
export type Call = {
  request: StorageRequest;
  operation: OperationName;
  store: Store;
  /** Epoch ms; the same for everything the request does. */
  now: number;
  caller: Caller;
  copies: CopySettings;
  /** Of the identity that tokens are for. */
  roles: readonly RoleAssignment[];
  /** `http://host:port` of this emulator's own endpoints, or `https`. */
  ownOrigins: Readonly<Record<ServiceName, string>>;
  /** Of the account that the request is about. */
  accountSettings: AccountSettings;
  /** What a copy source outside of Storage answered, once it was asked. */
  webSource?: FetchedSource;
};

/** Carries out one REST operation, or throws a StorageError. */
export type Operation = (call: Call) => StorageResponse;
