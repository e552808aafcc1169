import { createHmac } from "node:crypto";
import type { Account } from "./accounts.ts";
import type { ServiceName } from "../http/storage-request.ts";

/** `sks` of a SAS: the service that the key is for. */
export const serviceLetters: Readonly<Record<ServiceName, string>> = { blob: "b", file: "f" };

/** The terms of a key, in the response and again in each SAS that the key signs. */
export type KeyTerms = {
  objectId: string;
  tenantId: string;
  /** ISO 8601, whole seconds. */
  start: string;
  expiry: string;
  service: string;
  version: string;
};

/** Derives the key from its terms and the account's key, so no key needs to be stored. */
export function deriveKeyValue(terms: KeyTerms, { name, key }: Account): string {
  const { objectId, tenantId, start, expiry, service, version } = terms;
  const text = [name, objectId, tenantId, start, expiry, service, version].join("\n");
  return createHmac("sha256", Buffer.from(key, "base64")).update(text).digest("base64");
}
