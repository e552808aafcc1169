import { createHash } from "node:crypto";
import { crc64 } from "./crc64.ts";
import { invalidHeader, type Headers } from "./request-headers.ts";
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

/** The checksums of a response: `Content-MD5` and `x-ms-content-crc64`, in base64. */
type ChecksumHeaders = { "Content-MD5"?: string; "x-ms-content-crc64"?: string };

/**
 * Verifies the checksum that Put Block, Append Block, Put Page or Put Block List announces for its body.
 * Returns the MD5 if the request has one, otherwise the CRC64 (REST page "Put Block", response headers).
 */
export function verifyChecksums(body: Buffer, headers: Headers): ChecksumHeaders {
  const md5 = nonEmpty(headers, "content-md5");
  refuseBoth(headers, md5);
  if (md5 !== undefined) return { "Content-MD5": verifyMd5(body, md5) };
  return { [crc64Header]: verifyCrc64(body, headers) };
}

/**
 * Verifies the checksum that Put Blob announces for a block blob, and returns both checksums of the body. The
 * MD5 in `x-ms-blob-content-md5` takes precedence over `Content-MD5`, as Azurite's authors found in Azure (its
 * change log).
 */
export function verifyBlobChecksums(body: Buffer, headers: Headers): Required<ChecksumHeaders> {
  const md5 = nonEmpty(headers, "x-ms-blob-content-md5") ?? nonEmpty(headers, "content-md5");
  refuseBoth(headers, md5);
  return { "Content-MD5": verifyMd5(body, md5), [crc64Header]: verifyCrc64(body, headers) };
}

const crc64Header = "x-ms-content-crc64";

/** "If both [...] are present, the request will fail with a 400" (REST page "Put Blob"). */
function refuseBoth(headers: Headers, md5: string | undefined): void {
  if (md5 !== undefined && nonEmpty(headers, crc64Header) !== undefined)
    throw new StorageError("BothCrc64AndMd5HeaderPresent");
}

/** Returns the body's CRC64 in base64. Throws `Crc64Mismatch` if the request announces a different one. */
function verifyCrc64(body: Buffer, headers: Headers): string {
  const calculated = crc64(body);
  const announced = nonEmpty(headers, crc64Header);
  if (announced === undefined || announced === calculated) return calculated;
  if (Buffer.from(announced, "base64").length < 8) throw invalidHeader(crc64Header, announced);
  throw new StorageError("Crc64Mismatch", {
    details: { UserSpecifiedCrc: announced, ServerCalculatedCrc: calculated },
  });
}

function nonEmpty(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return value === "" ? undefined : value;
}
