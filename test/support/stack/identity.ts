import { DefaultAzureCredential } from "@azure/identity";
import { BlobServiceClient } from "@azure/storage-blob";
import { makeCertificate, trustCertificate } from "../../../src/local/certificate.ts";
import { atEnd, startStorage } from "./emulator.ts";

/** An emulator over TLS, and a client that uses its identity through the unmodified SDK. */
export async function startIdentity() {
  const tls = await makeCertificate(Date.now());
  atEnd(trustCertificate(tls));
  const storage = await startStorage({ tls });
  const { identity, blobUrl } = storage.emulator;
  if (identity === null) throw new Error("Cannot use the identity because the emulator has none");
  setEnvironment({ IDENTITY_ENDPOINT: identity.url, IDENTITY_HEADER: identity.header });
  const client = (account = "devstoreaccount1") =>
    new BlobServiceClient(`${blobUrl}/${account}`, new DefaultAzureCredential(), {
      retryOptions: { maxTries: 1 },
    });
  return { ...storage, identity, client };
}

function setEnvironment(values: Record<string, string>): void {
  Object.assign(process.env, values);
  atEnd(() => Object.keys(values).forEach((name) => delete process.env[name]));
}
