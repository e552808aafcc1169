import { StorageError } from "../http/rest-errors.ts";

/** The parts of a request's authorization on which operations depend. */
export type Caller =
  | { kind: "shared key"; account: string }
  | { kind: "identity"; maySetTags: boolean }
  | {
      kind: "SAS";
      /** False for a SAS with `c` but no `w`: it may create blobs but not overwrite them. */
      mayOverwrite: boolean;
      /** `t`: Set Blob Tags, and `x-ms-tags` of other writes. */
      maySetTags: boolean;
      /** Epoch ms. */
      expiresAt: number;
      responseHeaders: Readonly<Record<string, string>>;
    }
  | { kind: "anonymous" };

/** A SAS with `c` but no `w` cannot overwrite an existing blob. */
export function requireOverwrite(caller: Caller, existing: object | undefined): void {
  if (existing !== undefined && caller.kind === "SAS" && !caller.mayOverwrite) {
    throw new StorageError("UnauthorizedBlobOverwrite");
  }
}
