import { AnonymousCredential, newPipeline } from "@azure/storage-blob";
import type { StoragePipelineOptions } from "@azure/storage-blob";
import { expect, test } from "vitest";
import type { BlobEndpoint } from "../../../src/copy/location/endpoint.ts";
import { createCredentialFor } from "../../../src/storage/credentials.ts";
import { keptPipelines, pipeline, singleTry } from "../../../src/storage/pipeline.ts";

test("calls with the same credential and options share a pipeline; other calls do not", () => {
  const pipelineFor = keptPipelines(
    (credential: AnonymousCredential, options: StoragePipelineOptions) =>
      newPipeline(credential, options),
  );
  const [one, other] = [new AnonymousCredential(), new AnonymousCredential()];
  const first = pipelineFor(one, pipeline);
  expect(pipelineFor(one, pipeline)).toBe(first);
  expect(pipelineFor(one, singleTry)).not.toBe(first);
  expect(pipelineFor(other, pipeline)).not.toBe(first);
  // The time-out was added once.
  expect(first.factories).toHaveLength(1);
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
