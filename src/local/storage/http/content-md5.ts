import { createHash } from "node:crypto";
import { StorageError } from "./rest-errors.ts";

/** Returns the body's MD5 in base64. Throws `Md5Mismatch` if the request's Content-MD5 differs. */
export function verifyMd5(body: Buffer, announced: string | undefined): string {
  const md5 = createHash("md5").update(body).digest("base64");
  if (announced !== undefined && announced !== md5) {
    if (Buffer.from(announced, "base64").length !== 16) throw new StorageError("InvalidMd5");
    throw new StorageError("Md5Mismatch", {
      details: { UserSpecifiedMd5: announced, ServerCalculatedMd5: md5 },
    });
  }
  return md5;
}
