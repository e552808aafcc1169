import { randomBytes, X509Certificate } from "node:crypto";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { day } from "./durations.ts";

/** A private key and its certificate, PEM, for a TLS server on the loopback address. */
export type Certificate = { key: string; cert: string };

/** OpenSSL checks validity by the machine's own time, which may be years from a test's virtual clock. */
const validityMs = 50 * 365 * day;

/**
 * Makes a self-signed certificate for localhost, 127.0.0.1 and `hosts`, valid for 50 years before and after `now`
 * (epoch ms). The key never leaves the process.
 */
export async function makeCertificate(
  now: number,
  hosts: readonly string[] = [],
): Promise<Certificate> {
  const { generate } = await import("selfsigned"); // only here, because loading it takes a quarter of a second
  // The name is unique because OpenSSL tries only the first of two trusted certificates that have the same subject.
  const name = `Ferry's local Storage ${randomBytes(4).toString("hex")}`;
  const pems = await generate([{ name: "commonName", value: name }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(now - validityMs),
    notAfterDate: new Date(now + validityMs),
    extensions: [
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          ...hosts.map((value) => ({ type: 2 as const, value })),
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
  });
  // In Node's own form, so that `trustCertificate` finds it again in the list that Node returns.
  return { key: pems.private, cert: new X509Certificate(pems.cert).toString() };
}

/** Makes this process's TLS clients trust the certificate. Returns a function that undoes it. */
export function trustCertificate({ cert }: Certificate): () => void {
  setDefaultCACertificates([...getCACertificates("default"), cert]);
  return () => {
    setDefaultCACertificates(getCACertificates("default").filter((each) => each !== cert));
  };
}
