import { createHmac } from "node:crypto";
import type { Account } from "./accounts.ts";
import type { ServiceName } from "../http/storage-request.ts";

/** `sks` of a SAS: which service's objects the key opens. */
export const serviceLetters: Readonly<Record<ServiceName, string>> = { blob: "b", file: "f" };

/** What a key was made for, as it stands in the answer and again in each SAS it signs. */
export type KeyTerms = {
  objectId: string;
  tenantId: string;
  /** ISO 8601, whole seconds. */
  start: string;
  expiry: string;
  service: string;
  version: string;
};

/** Follows from its terms, so that no key is kept: whoever knows them and the account's key knows it. */
export function deriveKeyValue(terms: KeyTerms, { name, key }: Account): string {
  const { objectId, tenantId, start, expiry, service, version } = terms;
  const text = [name, objectId, tenantId, start, expiry, service, version].join("\n");
  return createHmac("sha256", Buffer.from(key, "base64")).update(text).digest("base64");
}
