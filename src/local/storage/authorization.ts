import { isPublicRead, requireSasAccess } from "./access.ts";
import { findAccount, type Account } from "./accounts.ts";
import { findContainer } from "./blob-rows.ts";
import { StorageError } from "./errors.ts";
import type { OperationName } from "./operation.ts";
import type { StorageRequest } from "./request.ts";
import { verifySas } from "./sas.ts";
import { verifySharedKey } from "./shared-key.ts";
import type { Store } from "./store.ts";

/** Who makes a request, as far as that changes what it may do. */
export type Caller =
  | { by: "shared key"; account: string }
  | {
      by: "SAS";
      /** False where only `c` was given: new blobs, but no overwriting. */
      mayOverwrite: boolean;
      expiresAt: number;
      responseHeaders: Readonly<Record<string, string>>;
    }
  | { by: "anonymous" };

/** Throws the service's refusal unless the request may carry out the operation. */
export function authorize(
  request: StorageRequest,
  { operation, store, now }: { operation: OperationName; store: Store; now: number },
): Caller {
  const account = requireAccount(request);
  const authorization = request.headers["authorization"];
  if (authorization !== undefined) {
    if (/^bearer /i.test(authorization)) {
      throw new StorageError("NotImplemented", {
        message: "Authorization with a bearer token is not implemented by this emulator",
      });
    }
    verifySharedKey(request, { account, now });
    return { by: "shared key", account: account.name };
  }
  if (request.query.has("sig")) {
    const sas = verifySas(request, { account, now });
    requireSasAccess(sas, operation, request.service);
    const { expiresAt, responseHeaders, permissions } = sas;
    return { by: "SAS", mayOverwrite: permissions.includes("w"), expiresAt, responseHeaders };
  }
  requirePublicAccess(request, { operation, store });
  return { by: "anonymous" };
}

/** A SAS with `c` alone may not touch a blob that exists. */
export function requireOverwrite(caller: Caller, existing: object | undefined): void {
  if (existing !== undefined && caller.by === "SAS" && !caller.mayOverwrite) {
    throw new StorageError("UnauthorizedBlobOverwrite");
  }
}

function requireAccount({ resource }: StorageRequest): Account {
  const account = findAccount(resource.account);
  if (account === undefined) {
    // In Azure such a host name does not resolve; here somebody has to say so.
    throw new StorageError("ResourceNotFound", {
      message: `The account ${resource.account} does not exist in this emulator.`,
    });
  }
  return account;
}

/**
 * An anonymous request for what is not public learns nothing: 404 as if it were not there, or from
 * version 2019-12-12 on a challenge to come back with a token.
 */
function requirePublicAccess(
  request: StorageRequest,
  { operation, store }: { operation: OperationName; store: Store },
): void {
  const { resource } = request;
  const container =
    resource.level === "container" || resource.level === "blob"
      ? findContainer(store, resource.account, resource.container)
      : undefined; // nothing in Azure Files is public
  if (isPublicRead(operation, container?.publicAccess)) return;
  if ((request.headers["x-ms-version"] ?? "") < firstChallengeVersion) {
    throw new StorageError("ResourceNotFound");
  }
  throw new StorageError("NoAuthenticationInformation", {
    headers: {
      "WWW-Authenticate":
        "Bearer authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize resource_id=https://storage.azure.com",
    },
  });
}

const firstChallengeVersion = "2019-12-12";
