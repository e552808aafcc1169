import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { getCACertificates, setDefaultCACertificates } from "node:tls";

/** A private key and its certificate, PEM, for a TLS server on the loopback address. */
export type Certificate = { key: string; cert: string };

/**
 * Makes a certificate that signs itself, for 127.0.0.1 and localhost (RFC 5280; DER is ITU-T X.690).
 * Whoever is to trust it must be told so; the key never leaves the process. OpenSSL checks its validity
 * by the machine's own time, whatever a test's clock says: it spans all that UTCTime can.
 */
export function makeCertificate(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(objectId("1.2.840.10045.4.3.2")); // ecdsa-with-SHA256
  // A name of its own: of two that are trusted under one name, OpenSSL looks at the first only.
  const commonName = `Ferry's local Storage ${randomBytes(4).toString("hex")}`;
  const name = sequence(
    tagged(0x31, sequence(objectId("2.5.4.3"), tagged(0x0c, Buffer.from(commonName)))),
  );
  const body = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))), // version 3
    tagged(0x02, Buffer.from([1])), // serial number
    algorithm,
    name, // issuer
    sequence(utcTime("500101000000Z"), utcTime("491231235959Z")), // 1950 to 2049
    name, // subject
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(alternativeNames())),
  );
  const signature = sign("sha256", body, privateKey); // ECDSA-Sig-Value, in DER by default
  const der = sequence(body, algorithm, tagged(0x03, Buffer.concat([Buffer.of(0), signature])));
  const lines = der.toString("base64").replace(/.{64}(?=.)/g, "$&\n");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}

/** Lets this process's clients connect to who has the certificate. Returns what ends that. */
export function trustCertificate({ cert }: Certificate): () => void {
  setDefaultCACertificates([...getCACertificates("default"), cert]);
  return () => {
    setDefaultCACertificates(getCACertificates("default").filter((each) => each !== cert));
  };
}

/** Section 4.2.1.6: who connects looks here, and not at the subject. */
function alternativeNames(): Buffer {
  const names = sequence(
    tagged(0x82, Buffer.from("localhost")),
    tagged(0x87, Buffer.from([127, 0, 0, 1])),
  );
  return sequence(objectId("2.5.29.17"), tagged(0x04, names));
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function utcTime(text: string): Buffer {
  return tagged(0x17, Buffer.from(text));
}

/** Base 128, the first two arcs in one number. */
function objectId(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(number: number): number[] {
  const digits = [number % 128];
  for (let left = number >> 7; left > 0; left >>= 7) digits.unshift((left % 128) + 128);
  return digits;
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const long = length < 256 ? [0x81, length] : [0x82, length >> 8, length % 256];
  return Buffer.concat([Buffer.from([tag, ...(length < 128 ? [length] : long)]), content]);
}
