import { redact } from "../http/redact.ts";
import { StorageError } from "../http/rest-errors.ts";

/** The service's 403 for a request whose signature is not valid, with the reason. */
export function authenticationFailed(reason: string): StorageError {
  return new StorageError("AuthenticationFailed", {
    details: { AuthenticationErrorDetail: redact(reason) },
  });
}
