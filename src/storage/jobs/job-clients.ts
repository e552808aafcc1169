import {
  AnonymousCredential,
  BlobClient,
  BlockBlobClient,
  ContainerClient,
  newPipeline,
} from "@azure/storage-blob";
import type { StoragePipelineOptions } from "@azure/storage-blob";
import { serviceUrl, urlWith } from "../../copy/location/endpoint.ts";
import type { Destination } from "../../copy/location/endpoint.ts";
import { revealSas } from "../../copy/location/sas.ts";
import { blobOf } from "../../jobs/contract/storage.ts";
import type { JobAccess, JobContainer, JobObject, JobSide } from "../../jobs/contract/storage.ts";
import type { CredentialFor } from "../credentials.ts";
import {
  copyTarget,
  keptPipelines,
  maxSyncCopyMs,
  observed,
  pipeline,
  singleTry,
} from "../pipeline.ts";

/** The SDK's clients of a job. Each is created for one call; the pipeline of an account is kept. */
export type JobClients = {
  container(side: JobSide): ContainerClient;
  /** For calls on one blob, except starts. */
  blob(object: JobObject): BlockBlobClient;
  /** For Copy Blob. */
  start(object: JobObject): BlobClient;
  /** For Copy Blob From URL, which may take longer. */
  syncCopy(object: JobObject): BlobClient;
};

/** Returns the credential of a blob's account. Throws `UntrustedHostError`. */
export type CredentialOf = (object: Pick<JobObject, "container" | "name">) => Credential;
export type Credential = ReturnType<CredentialFor>;

/** Keeps the credential of each container: its host is checked once, and not for each object. */
export function keptCredentials(credentialFor: CredentialFor): CredentialOf {
  const kept = new WeakMap<JobContainer, Credential>();
  return (object) => {
    const { container } = object;
    const credential = kept.get(container) ?? credentialFor(blobOf(object));
    kept.set(container, credential);
    return credential;
  };
}

/** Creates the clients. No pipeline repeats a request. */
export function createJobClients(credentialOf: CredentialOf): JobClients {
  const anonymous = new AnonymousCredential();
  const pipelinesWith = (options: StoragePipelineOptions, maxMs?: number) =>
    keptPipelines((credential: Credential, endpoint: Destination) =>
      observed(newPipeline(credential, options), copyTarget(endpoint), maxMs),
    );
  const usual = pipelinesWith(pipeline);
  const starts = pipelinesWith(singleTry);
  const syncCopies = pipelinesWith(singleTry, maxSyncCopyMs);
  const connect = (object: JobObject, pipelines: typeof usual) => {
    const endpoint = blobOf(object);
    const credential = object.access.kind === "identity" ? credentialOf(object) : anonymous;
    return [urlWith(endpoint, queryOf(object.access)), pipelines(credential, endpoint)] as const;
  };
  return {
    container(side) {
      const { container } = side;
      const [, calls] = connect({ ...side, name: "" }, usual);
      const query = queryOf(side.access);
      const url = `${serviceUrl(container)}/${container.container}`;
      return new ContainerClient(query === null ? url : `${url}?${query}`, calls);
    },
    blob: (object) => new BlockBlobClient(...connect(object, usual)),
    start: (object) => new BlobClient(...connect(object, starts)),
    syncCopy: (object) => new BlobClient(...connect(object, syncCopies)),
  };
}

function queryOf(access: JobAccess): string | null {
  return access.kind === "sas" ? revealSas(access.sas) : null;
}
