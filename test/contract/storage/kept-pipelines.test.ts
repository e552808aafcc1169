import { AnonymousCredential, newPipeline } from "@azure/storage-blob";
import { expect, test } from "vitest";
import type { BlobEndpoint } from "../../../src/copy/location/endpoint.ts";
import { createCredentialFor } from "../../../src/storage/credentials.ts";
import { keptPipelines } from "../../../src/storage/pipeline.ts";

test("calls with the same credential and account share a pipeline; other calls do not", () => {
  const pipelineFor = keptPipelines((credential: AnonymousCredential) => newPipeline(credential));
  const [one, other] = [new AnonymousCredential(), new AnonymousCredential()];
  const first = pipelineFor(one, { account: "account1" });
  expect(pipelineFor(one, { account: "account1" })).toBe(first);
  expect(pipelineFor(one, { account: "account2" })).not.toBe(first);
  expect(pipelineFor(other, { account: "account1" })).not.toBe(first);
});

test("the pipelines of the latest 64 accounts are kept", () => {
  const pipelineFor = keptPipelines((credential: AnonymousCredential) => newPipeline(credential));
  const credential = new AnonymousCredential();
  const all = Array.from({ length: 65 }, (_, number) => ({ account: `account${number}` }));
  const [first, second] = all.map((endpoint) => pipelineFor(credential, endpoint));
  expect(pipelineFor(credential, { account: "account1" })).toBe(second);
  expect(pipelineFor(credential, { account: "account0" })).not.toBe(first);
});

test("an account of the emulator always gets the same credential", () => {
  const origin = "http://127.0.0.1:10000";
  const credentialFor = createCredentialFor({ blob: origin, file: "http://127.0.0.1:10003" });
  const blob = (account: string): BlobEndpoint => ({
    service: "blob",
    origin,
    account,
    container: "inbox",
    path: "film.mp4",
    secondary: false,
    emulated: true,
  });
  const credential = credentialFor(blob("devstoreaccount1"));
  expect(credentialFor(blob("devstoreaccount1"))).toBe(credential);
  expect(credentialFor(blob("devstoreaccount2"))).not.toBe(credential);
});
