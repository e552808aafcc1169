import { createHash } from "node:crypto";
import type {
  ContainerListBlobFlatSegmentResponse,
  ContainerListBlobsOptions,
} from "@azure/storage-blob";
import {
  isBlobAbsent,
  isGoneOrReplaced,
  isNothingToAbort,
  isOvertaken,
} from "../../copy/decisions/storage-errors.ts";
import { endpointUrl } from "../../copy/location/endpoint.ts";
import { bareEtag } from "../../copy/location/etag.ts";
import { epochMs } from "../../copy/time.ts";
import { blobOf } from "../../jobs/contract/storage.ts";
import type {
  FoundDestination,
  JobStorage,
  ListOrder,
  ObjectOrder,
} from "../../jobs/contract/storage.ts";
import type { SasMint } from "../copy-client.ts";
import type { CredentialFor } from "../credentials.ts";
import { withRefusals } from "../refusal.ts";
import { createJobClients, keptCredentials } from "./job-clients.ts";
import { createJobStarts, quoted } from "./job-starts.ts";
import { shownProperties } from "../copy-properties.ts";
import { isArchived, toBase64, toCopyProperties, toListedBlob } from "./listed-blob.ts";
import { withOutcome } from "./outcomes.ts";
import type { DescribedCall } from "./outcomes.ts";
import { createSourceAuthorization } from "./source-authorization.ts";

/** Creates the client for jobs, over @azure/storage-blob. No call is repeated: a job decides that itself. */
export function createJobStorage(credentialFor: CredentialFor, mint: SasMint): JobStorage {
  const credentialOf = keptCredentials(credentialFor);
  const clients = createJobClients(credentialOf);
  const sources = createSourceAuthorization(credentialOf, mint);
  return {
    ...createJobStarts(clients, sources),
    list: (order) =>
      withOutcome(listing(order), async () => {
        const pages = clients
          .container(order.side)
          .listBlobsFlat(listOptions(order))
          .byPage({
            maxPageSize: order.maxResults,
            ...(order.marker === null ? {} : { continuationToken: order.marker }),
          });
        const next = await withRefusals(pages.next());
        const page: ContainerListBlobFlatSegmentResponse | undefined = next.value; // typed as any by the SDK
        const { continuationToken = "" } = page ?? {};
        return {
          kind: "page",
          blobs: page?.segment.blobItems.map(toListedBlob) ?? [],
          marker: continuationToken === "" ? null : continuationToken,
        };
      }),
    readDestination: (order) =>
      withOutcome(
        onDestination(order, "read-destination", "read the destination"),
        async () => ({ kind: "found", state: await readState(clients.blob(order.object), order) }),
        (response) => (isBlobAbsent(response) ? { kind: "absent" } : null),
      ),
    abort: (order) =>
      withOutcome(
        onDestination(order, "abort", "abort the copy onto"),
        async () => {
          const options = { abortSignal: order.signal };
          await withRefusals(clients.blob(order.object).abortCopyFromURL(order.copyId, options));
          return { kind: "aborted" };
        },
        (response) => (isNothingToAbort(response) ? { kind: "nothing-to-abort" } : null),
      ),
    removeStub: (order) =>
      withOutcome(
        onDestination(order, "clean-up", "remove the empty blob"),
        async () => {
          const conditions = { ifMatch: quoted(order.etag) };
          const options = { abortSignal: order.signal, conditions };
          await withRefusals(clients.blob(order.object).delete(options));
          return { kind: "removed" };
        },
        (response) =>
          isGoneOrReplaced(response) || isOvertaken(response) ? { kind: "not-ours" } : null,
      ),
    putReport: (order) => {
      const md5 = createHash("md5").update(order.body).digest();
      const contentMd5 = md5.toString("base64");
      return withOutcome(
        onDestination(order, "clean-up", "write the report"),
        async () => {
          const { body, condition, contentType: blobContentType } = order;
          const { etag = "" } = await withRefusals(
            clients.blob(order.object).upload(body, body.length, {
              abortSignal: order.signal,
              blobHTTPHeaders: { blobContentType, blobContentMD5: md5 },
              conditions:
                condition.kind === "absent"
                  ? { ifNoneMatch: "*" }
                  : { ifMatch: quoted(condition.etag) },
            }),
          );
          return { kind: "written", etag: bareEtag(etag), contentMd5 };
        },
        ({ code }) =>
          /ConditionNotMet$|^BlobAlreadyExists$/.test(code ?? "")
            ? { kind: "refused", contentMd5 }
            : null,
      );
    },
  };
}

type Readable = ReturnType<ReturnType<typeof createJobClients>["blob"]>;

async function readState(blob: Readable, { signal }: ObjectOrder): Promise<FoundDestination> {
  const properties = await withRefusals(blob.getProperties({ abortSignal: signal }));
  return {
    etag: bareEtag(properties.etag ?? ""),
    length: properties.contentLength ?? 0,
    lastModified: epochMs(properties.lastModified?.getTime() ?? 0),
    blobType: properties.blobType ?? "BlockBlob",
    archived: isArchived(properties),
    contentMd5: toBase64(properties.contentMD5),
    copy: toCopyProperties(properties),
    shown: shownProperties(properties),
  };
}

function listOptions({ prefix, startFrom, include, signal }: ListOrder): ContainerListBlobsOptions {
  return {
    abortSignal: signal,
    prefix,
    ...(startFrom === null ? {} : { startFrom }),
    includeCopy: include.includes("copy"),
    includeMetadata: include.includes("metadata"),
    includeTags: include.includes("tags"),
    includeImmutabilityPolicy: include.includes("immutabilitypolicy"),
    includeLegalHold: include.includes("legalhold"),
  };
}

function listing({ side, role, prefix, now }: ListOrder): DescribedCall {
  const call = role === "source" ? "read-source" : "read-destination";
  const action = () => `list the ${role} ${endpointUrl(blobOf({ ...side, name: prefix }))}`;
  return { call, action, side, now };
}

function onDestination(
  { object, now }: ObjectOrder,
  call: DescribedCall["call"],
  verb: string,
): DescribedCall {
  const action = () => `${verb} ${endpointUrl(blobOf(object))}`;
  return { call, action, side: object, now };
}
