import { isPublicRead, requireSasAccess } from "./operation-permissions.ts";
import { findAccount, type Account } from "./accounts.ts";
import type { Caller } from "./caller.ts";
import { findContainer } from "../store/container-rows.ts";
import { StorageError } from "../http/rest-errors.ts";
import type { OperationName } from "../http/rest-operation.ts";
import { rolesAllow, type RoleAssignment } from "./role-assignments.ts";
import type { StorageRequest } from "../http/storage-request.ts";
import { verifySas } from "./sas-verification.ts";
import { verifySharedKey } from "./shared-key.ts";
import type { Store } from "../store/store.ts";
import { challenge, verifyToken } from "./access-tokens.ts";

/** Returns the caller, or throws the service's error if the caller is not allowed to execute the operation. */
export function authorize(
  request: StorageRequest,
  { operation, store, roles, now }: AuthorizationContext,
): Caller {
  const account = requireAccount(request);
  const maySetTags = rolesAllow(roles, { ...request, operation: "SetBlobTags" });
  const authorization = request.headers["authorization"];
  if (authorization !== undefined) {
    const [, token] = /^bearer (.+)$/i.exec(authorization) ?? [];
    if (token !== undefined) {
      if (!request.isSecure) throw new StorageError("AuthorizationProtocolMismatch");
      verifyToken(token, { account: account.name, now });
      requireIntent(request, operation);
      requireRole(roles, { ...request, operation });
      return { kind: "identity", maySetTags };
    }
    verifySharedKey(request, { account, now });
    return { kind: "shared key", account: account.name };
  }
  if (request.query.has("sig")) {
    const sas = verifySas(request, { account, now });
    requireSasAccess(sas, operation, request.service);
    // The SAS grants no more than the roles of the identity whose key signed it.
    if (sas.kind === "user delegation") requireRole(roles, { ...request, operation });
    const { kind, expiresAt, responseHeaders, permissions } = sas;
    return {
      kind: "SAS",
      mayOverwrite: permissions.includes("w"),
      maySetTags: permissions.includes("t") && (kind !== "user delegation" || maySetTags),
      expiresAt,
      responseHeaders,
    };
  }
  requirePublicAccess(request, { operation, store });
  return { kind: "anonymous" };
}

type AuthorizationContext = {
  operation: OperationName;
  store: Store;
  roles: readonly RoleAssignment[];
  now: number;
};

/** "Required if the Authorization header specifies an OAuth token" (REST page "Copy File"). */
function requireIntent({ service, headers }: StorageRequest, operation: OperationName): void {
  const name = "x-ms-file-request-intent";
  if (service === "blob" || operation === "GetUserDelegationKey" || headers[name] !== undefined) {
    return;
  }
  throw new StorageError("MissingRequiredHeader", { details: { HeaderName: name } });
}

function requireRole(
  roles: readonly RoleAssignment[],
  requested: Pick<StorageRequest, "service" | "resource"> & { operation: OperationName },
): void {
  if (!rolesAllow(roles, requested)) throw new StorageError("AuthorizationPermissionMismatch");
}

function requireAccount({ resource }: StorageRequest): Account {
  const account = findAccount(resource.account);
  if (account === undefined) {
    // In Azure, the host name of a missing account does not resolve.
    throw new StorageError("ResourceNotFound", {
      message: `The account ${resource.account} does not exist in this emulator.`,
    });
  }
  return account;
}

/**
 * An anonymous request for a private resource gets a 404 as if it did not exist or, since version
 * 2019-12-12, a challenge to send a token.
 */
function requirePublicAccess(
  request: StorageRequest,
  { operation, store }: { operation: OperationName; store: Store },
): void {
  const { resource } = request;
  const container =
    resource.level === "container" || resource.level === "blob"
      ? findContainer(store, resource.account, resource.container)
      : undefined; // Azure Files has no public access
  if (isPublicRead(operation, container?.publicAccess)) return;
  if ((request.headers["x-ms-version"] ?? "") < firstChallengeVersion) {
    throw new StorageError("ResourceNotFound");
  }
  throw new StorageError("NoAuthenticationInformation", { headers: challenge });
}

const firstChallengeVersion = "2019-12-12";
