import { StorageError } from "../http/rest-errors.ts";

/** Who makes a request, as far as that changes what it may do. */
export type Caller =
  | { kind: "shared key"; account: string }
  | { kind: "identity"; maySetTags: boolean }
  | {
      kind: "SAS";
      /** False where only `c` was given: new blobs, but no overwriting. */
      mayOverwrite: boolean;
      /** `t`: Set Blob Tags, also as a header of another write. */
      maySetTags: boolean;
      expiresAt: number;
      responseHeaders: Readonly<Record<string, string>>;
    }
  | { kind: "anonymous" };

/** A SAS with `c` alone may not touch a blob that exists. */
export function requireOverwrite(caller: Caller, existing: object | undefined): void {
  if (existing !== undefined && caller.kind === "SAS" && !caller.mayOverwrite) {
    throw new StorageError("UnauthorizedBlobOverwrite");
  }
}
