import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
} from "node:crypto";
import type { InstanceId } from "../copy/contract/ids.ts";
import { endpointUrl } from "../copy/location/endpoint.ts";
import type { Endpoint } from "../copy/location/endpoint.ts";
import { revealSas, Sas } from "../copy/location/sas.ts";
import { selectingQuery } from "./selecting-query.ts";

/** Seals a SAS before it is stored in an orchestration history, and opens it inside an activity. */
export type Seal = {
  /** Null when no key is configured. */
  seal: ((sas: Sas, place: SealedPlace) => string) | null;
  /**
   * Throws `UnsealError`, which names the missing key by its id, when the text was sealed with a key that is not
   * configured; also when the text is damaged or was sealed for another place.
   */
  open: (sealed: string, place: SealedPlace) => Sas;
  /**
   * Hashes the query of a source outside Storage, without its signature, so that two requests can be compared although
   * neither query is stored. Returns one hash for each key, the first key's first; null if the query is only a
   * signature. Without the key, a short query cannot be guessed from its hash.
   */
  hashQuery: (query: Sas) => string[] | null;
};

/** Where a sealed value belongs. It cannot be opened for another copy, field or endpoint. */
export type SealedPlace = {
  instanceId: InstanceId;
  field: "sourceSas" | "destinationSas";
  endpoint: Endpoint;
};

/** AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce: `v1.<key>.<nonce>.<tag>.<text>`, base64url. */
const algorithm = "aes-256-gcm";
const nonceBytes = 12;
/** Node accepts shorter tags unless the length is given. */
const authTagLength = 16;

/** The first key seals and every key opens, so that keys can be rotated while copies run. */
export function createSeal(keys: readonly Buffer[]): Seal {
  const byId = new Map(keys.map((key) => [keyId(key), key]));
  const [first] = keys;
  return {
    seal: first === undefined ? null : (sas, place) => sealWith(first, sas, place),
    open: (sealed, place) => {
      const [version, id = "", nonce = "", tag = "", text = ""] = sealed.split(".");
      const key = byId.get(id);
      if (version !== "v1" || !keyIdForm.test(id)) throw new UnsealError(place, null);
      if (key === undefined) throw new UnsealError(place, id);
      try {
        const decipher = createDecipheriv(algorithm, key, Buffer.from(nonce, "base64url"), {
          authTagLength,
        });
        decipher.setAAD(placeBytes(place));
        decipher.setAuthTag(Buffer.from(tag, "base64url"));
        const clear = decipher.update(Buffer.from(text, "base64url"), undefined, "utf8");
        return new Sas(clear + decipher.final("utf8"));
      } catch (cause) {
        throw new UnsealError(place, null, { cause });
      }
    },
    hashQuery(query) {
      const selecting = selectingQuery(revealSas(query));
      return selecting === "" ? null : keys.map((key) => hashWith(key, selecting));
    },
  };
}

/** Thrown when a sealed value cannot be opened; the message contains no part of a key. */
export class UnsealError extends Error {
  override name = "UnsealError" as const;
  readonly fix: string;
  readonly field: SealedPlace["field"];

  /** `missingKey`: the id of the key that is not configured; null if the sealed value itself cannot be used. */
  constructor(
    { field, instanceId }: SealedPlace,
    missingKey: string | null,
    options?: ErrorOptions,
  ) {
    const reason =
      missingKey === null
        ? "it is damaged or was sealed for another copy or URL"
        : `COPY_SECRET_KEYS does not contain its key, which has the id ${missingKey}`;
    super(`Cannot open the sealed ${field} because ${reason}: instance ${instanceId}`, options);
    this.field = field;
    this.fix =
      missingKey === null
        ? "Send the request again"
        : "Add that key to COPY_SECRET_KEYS again. A copy that waits for it then continues; one that has failed must be requested again";
  }
}

function sealWith(key: Buffer, sas: Sas, place: SealedPlace): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength });
  cipher.setAAD(placeBytes(place));
  const text = Buffer.concat([cipher.update(revealSas(sas), "utf8"), cipher.final()]);
  const parts = [nonce, cipher.getAuthTag(), text].map((part) => part.toString("base64url"));
  return ["v1", keyId(key), ...parts].join(".");
}

/** HMAC-SHA-256, with a key that is derived for this purpose only (RFC 5869). */
function hashWith(key: Buffer, text: string): string {
  const derived = Buffer.from(hkdfSync("sha256", key, "", "ferry query hash", 32));
  return createHmac("sha256", derived).update(text).digest("hex");
}

/** Identifies a key without revealing it: the first 32 bits of a hash, in hex (settings/README.md has the command). */
function keyId(key: Buffer): string {
  return createHash("sha256").update("ferry key id").update(key).digest("hex").slice(0, 8);
}

const keyIdForm = /^[0-9a-f]{8}$/;

/** The additional data: the URL is the endpoint's exactly, with its snapshot or version. */
function placeBytes({ instanceId, field, endpoint }: SealedPlace): Buffer {
  return Buffer.from(`${instanceId}\n${field}\n${endpointUrl(endpoint)}`);
}
