import type { AccessToken } from "@azure/identity";
import { expect, test } from "vitest";
import { Sas } from "../../../../src/copy/location/sas.ts";
import { epochMs } from "../../../../src/copy/time.ts";
import type { JobSide } from "../../../../src/jobs/contract/storage.ts";
import { StorageRefusal } from "../../../../src/storage/copy-client.ts";
import { UntrustedHostError, createCredentialFor } from "../../../../src/storage/credentials.ts";
import { createSasMint } from "../../../../src/storage/sas-mint.ts";
import { keptCredentials } from "../../../../src/storage/jobs/job-clients.ts";
import { createSourceAuthorization } from "../../../../src/storage/jobs/source-authorization.ts";
import { noon } from "../../../support/stack/emulator.ts";
import { objectIn, starting } from "./job-storage-calls.ts";

const minute = 60_000;

const sideIn = (account: string, host = `${account}.blob.core.windows.net`): JobSide => ({
  container: {
    service: "blob",
    origin: `https://${host}`,
    account,
    container: "box",
    secondary: false,
    emulated: false,
  },
  access: { kind: "identity" },
});

const orderAt = (now: number, destination = objectIn(sideIn("far"), "b")) =>
  starting(
    { source: objectIn(sideIn("near"), "a"), destination, sourceEtag: "0x1" },
    { now: epochMs(now) },
  );

/** An identity whose tokens are numbered and last an hour; `now` is the time of the next one. */
function numberedTokens() {
  let issued = 0;
  const identity = {
    now: noon,
    issued: () => issued,
    getToken: async (): Promise<AccessToken> => ({
      token: `token ${(issued += 1)}`,
      expiresOnTimestamp: identity.now + 60 * minute,
    }),
  };
  return identity;
}

const credentialFor = createCredentialFor({
  blob: "http://127.0.0.1:1",
  file: "http://127.0.0.1:1",
});
const mint = createSasMint(credentialFor);

test("copies share a token until two minutes before it expires", async () => {
  const identity = numberedTokens();
  const sources = createSourceAuthorization(() => identity, mint);
  const tokenAt = async (now: number) => {
    identity.now = now;
    return (await sources.forUrl(orderAt(now))).authorization?.value;
  };
  const atOnce = await Promise.all([tokenAt(noon), tokenAt(noon), tokenAt(noon)]);
  expect(atOnce).toEqual(["token 1", "token 1", "token 1"]);
  expect(await tokenAt(noon + 57 * minute)).toBe("token 1");
  expect(await tokenAt(noon + 58 * minute)).toBe("token 2");
  expect(identity.issued()).toBe(2);
});

test("a token that could not be got is asked for again", async () => {
  const identity = numberedTokens();
  const getToken = identity.getToken;
  identity.getToken = async () => {
    const error = new Error("no identity");
    error.name = "CredentialUnavailableError";
    throw error;
  };
  const sources = createSourceAuthorization(() => identity, mint);
  const refused: unknown = await sources.forUrl(orderAt(noon)).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(StorageRefusal);
  identity.getToken = getToken;
  expect((await sources.forUrl(orderAt(noon))).authorization?.value).toBe("token 1");
});

test("no token is sent to a destination outside Storage, even if a SAS authorizes the call", async () => {
  const sources = createSourceAuthorization(keptCredentials(credentialFor), mint);
  const evil = sideIn("far", "far.blob.example.com");
  const side: JobSide = { ...evil, access: { kind: "sas", sas: new Sas("sig=x") } };
  const order = orderAt(noon, objectIn(side, "b"));
  await expect(sources.forUrl(order)).rejects.toThrow(UntrustedHostError);
});
