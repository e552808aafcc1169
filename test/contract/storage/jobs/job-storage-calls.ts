import { ContainerSASPermissions, type ContainerClient } from "@azure/storage-blob";
import { optionsOff } from "../../../../src/copy/request/copy-options.ts";
import { Sas } from "../../../../src/copy/location/sas.ts";
import { epochMs } from "../../../../src/copy/time.ts";
import type {
  JobAccess,
  JobContainer,
  JobObject,
  JobSide,
  JobStartOrder,
  ListOrder,
} from "../../../../src/jobs/contract/storage.ts";
import { createCredentialFor } from "../../../../src/storage/credentials.ts";
import { createJobStorage } from "../../../../src/storage/jobs/create-job-storage.ts";
import { createSasMint } from "../../../../src/storage/sas-mint.ts";
import { day, noon } from "../../../support/stack/emulator.ts";

/** The adapter, for the emulator at this origin: `http://host:port`. */
export function jobStorageAt(origin: string) {
  const credentialFor = createCredentialFor({ blob: origin, file: origin });
  return createJobStorage(credentialFor, createSasMint(credentialFor));
}

export const signal = new AbortController().signal;

/** A container of an emulator, as a side of a job. */
export function sideOf(
  { accountName, containerName, url }: ContainerClient,
  access: JobAccess = { kind: "identity" },
): JobSide {
  const { origin } = new URL(url);
  const account = accountName;
  const place = { service: "blob", secondary: false, emulated: true } as const;
  const container: JobContainer = { ...place, origin, account, container: containerName };
  return { container, access };
}

/** The side of a container, with a SAS that permits reading and listing all of its blobs. */
export async function signedSide(
  container: ContainerClient,
  { permissions = "rlt", now = noon } = {},
): Promise<JobSide> {
  const url = await container.generateSasUrl({
    permissions: ContainerSASPermissions.parse(permissions),
    expiresOn: new Date(now + day),
  });
  return sideOf(container, { kind: "sas", sas: new Sas(url.split("?")[1] ?? "") });
}

export const objectIn = (side: JobSide, name: string): JobObject => ({ ...side, name });

export const call = { signal, now: epochMs(noon) };

export function listing(side: JobSide, more: Partial<ListOrder> = {}): ListOrder {
  const page = { prefix: "", marker: null, startFrom: null, maxResults: 5_000 };
  return { ...call, side, role: "source", ...page, include: [], ...more };
}

type Copy = { source: JobObject; destination: JobObject; sourceEtag: string };

export function starting(
  { source, destination, sourceEtag }: Copy,
  more: Partial<JobStartOrder> = {},
): JobStartOrder {
  return {
    ...call,
    source,
    destination,
    conditions: { sourceEtag, destination: { kind: "absent" } },
    options: { ...optionsOff, tags: null },
    correlationId: "01a21c70-bb69-778c-9db4-2f18c93f5ddf",
    ...more,
  };
}

/** The conditions of a start for each state of the destination. */
export function conditionsOf(sourceEtag: string, destination: "any" | "absent" | { etag: string }) {
  return {
    conditions: {
      sourceEtag,
      destination:
        typeof destination === "string"
          ? { kind: destination }
          : { kind: "etag" as const, etag: destination.etag },
    },
  };
}

/** Uploads a blob, and returns its bare ETag. */
export async function upload(
  container: ContainerClient,
  name: string,
  content = "abc",
): Promise<string> {
  const { etag = "" } = await container.getBlockBlobClient(name).upload(content, content.length);
  return etag.replaceAll('"', "");
}

export async function text(container: ContainerClient, name: string): Promise<string> {
  return (await container.getBlobClient(name).downloadToBuffer()).toString();
}
