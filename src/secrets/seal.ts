import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import type { InstanceId } from "../copy/contract/ids.ts";
import { revealSas, Sas } from "../copy/location/sas.ts";

/** Seals a SAS before it is stored in an orchestration history, and opens it inside an activity. */
export type Seal = {
  /** Null when no key is configured. */
  seal: ((sas: Sas, place: SealedPlace) => string) | null;
  /** Throws `UnsealError` when the text was sealed for another place, or with a key that is not configured. */
  open: (sealed: string, place: SealedPlace) => Sas;
};

/** Where a sealed value belongs. It cannot be opened for any other place. */
export type SealedPlace = { instanceId: InstanceId; field: "sourceSas" | "destinationSas" };

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
      if (version !== "v1" || key === undefined) throw new UnsealError(place);
      try {
        const decipher = createDecipheriv(algorithm, key, Buffer.from(nonce, "base64url"), {
          authTagLength,
        });
        decipher.setAAD(placeBytes(place));
        decipher.setAuthTag(Buffer.from(tag, "base64url"));
        const clear = decipher.update(Buffer.from(text, "base64url"), undefined, "utf8");
        return new Sas(clear + decipher.final("utf8"));
      } catch (cause) {
        throw new UnsealError(place, { cause });
      }
    },
  };
}

/** Thrown when no configured key opens a sealed value for its place. */
export class UnsealError extends Error {
  override name = "UnsealError" as const;

  constructor(place: SealedPlace, options?: ErrorOptions) {
    super(
      `Cannot open the sealed ${place.field} because no key in COPY_SECRET_KEYS opens it: instance ${place.instanceId}`,
      options,
    );
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

/** Identifies a key without revealing it. */
function keyId(key: Buffer): string {
  return createHash("sha256").update("ferry key id").update(key).digest("hex").slice(0, 8);
}

function placeBytes({ instanceId, field }: SealedPlace): Buffer {
  return Buffer.from(`${instanceId}\n${field}`);
}
