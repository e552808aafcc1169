import {
  findContainers,
  findContainer,
  insertContainer,
  type Container,
} from "../store/container-rows.ts";
import { containerAddress, requireContainer } from "./blob-address.ts";
import type { Call } from "../calls/operation-call.ts";
import { httpDate, wholeSeconds } from "../http/http-dates.ts";
import { stateHeaders } from "../http/state-headers.ts";
import { requireWriteConditions } from "../calls/request-conditions.ts";
import { StorageError } from "../http/rest-errors.ts";
import { readInclude, readListPage, serviceEndpoint } from "../calls/listing-page.ts";
import { failureDescriptions, failCopiesReading } from "../pending-copies/pending-copies.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { element, elements, renderXml, type Element } from "../http/xml.ts";

/** REST page "List Containers". */
export function listContainers(call: Call): StorageResponse {
  const { request, store } = call;
  const { account } = request.resource;
  const page = readListPage(request);
  const prefix = request.query.get("prefix") ?? "";
  const include = readInclude(call, { known: ["deleted", "metadata"], notImplemented: ["system"] });
  const found = findContainers(store, {
    account,
    from: page.from > prefix ? page.from : prefix,
    limit: page.limit + 1,
  }).filter((container) => container.name.startsWith(prefix));
  const next = found[page.limit];
  return {
    status: 200,
    headers: { "Content-Type": "application/xml" },
    body: renderXml(
      element(
        "EnumerationResults",
        [
          ...page.echo,
          element(
            "Containers",
            found
              .slice(0, page.limit)
              .map((container) => containerElement(container, include.has("metadata"))),
          ),
          element("NextMarker", next === undefined ? "" : page.markerFor(next.name)),
        ],
        { ServiceEndpoint: serviceEndpoint(call) },
      ),
    ),
  };
}

function containerElement(container: Container, withMetadata: boolean): Element {
  return element("Container", [
    element("Name", container.name),
    element(
      "Properties",
      elements({
        "Last-Modified": httpDate(container.lastModified),
        Etag: `"${container.etag}"`,
        LeaseStatus: "unlocked",
        LeaseState: "available",
        PublicAccess: container.publicAccess ?? undefined,
        HasImmutabilityPolicy: "false",
        HasLegalHold: "false",
      }),
    ),
    ...(withMetadata ? [element("Metadata", elements(container.metadata))] : []),
  ]);
}

/** REST page "Create Container". */
export function createContainer({ request, store, now }: Call): StorageResponse {
  const { account, container: name } = containerAddress(request.resource);
  requireContainerName(name);
  const publicAccess = parsePublicAccess(request.headers["x-ms-blob-public-access"]);
  if (findContainer(store, account, name) !== undefined) {
    throw new StorageError("ContainerAlreadyExists");
  }
  const container = {
    account,
    name,
    etag: store.nextEtag(),
    lastModified: wholeSeconds(now),
    publicAccess,
    metadata: request.metadata,
  };
  insertContainer(store, container);
  return { status: 201, headers: stateHeaders(container) };
}

/** "Working with the root container", "Static website hosting". The service itself makes $logs. */
const specialNames = ["$root", "$web"];

/** REST page "Naming and Referencing Containers, Blobs, and Metadata". */
function requireContainerName(name: string): void {
  if (specialNames.includes(name)) return;
  if (name.length < 3 || name.length > 63) throw new StorageError("OutOfRangeInput");
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) throw new StorageError("InvalidResourceName");
}

function parsePublicAccess(level: string | undefined): Container["publicAccess"] {
  if (level === undefined || level === "container" || level === "blob") return level ?? null;
  throw new StorageError("InvalidHeaderValue", {
    details: { HeaderName: "x-ms-blob-public-access", HeaderValue: level },
  });
}

/** REST page "Get Container Properties". */
export function getContainerProperties(call: Call): StorageResponse {
  const container = requireContainer(call);
  return {
    status: 200,
    headers: {
      ...stateHeaders(container),
      "x-ms-lease-status": "unlocked",
      "x-ms-lease-state": "available",
      "x-ms-has-immutability-policy": "false",
      "x-ms-has-legal-hold": "false",
      "x-ms-blob-public-access": container.publicAccess ?? undefined,
      ...Object.fromEntries(
        Object.entries(container.metadata).map(([name, value]) => [`x-ms-meta-${name}`, value]),
      ),
    },
  };
}

/** REST page "Delete Container". Copies that read from its blobs fail; copies onto them are deleted. */
export function deleteContainer(call: Call): StorageResponse {
  const { request, store, now } = call;
  const container = requireContainer(call);
  requireWriteConditions(request.headers, container);
  const sources = store.all<{ id: number }>(
    `SELECT id FROM blob WHERE container = ?
       AND id IN (SELECT source FROM pending_copy WHERE source_service = 'blob')`,
    container.id,
  );
  for (const source of sources) {
    failCopiesReading(
      store,
      { service: "blob", id: source.id },
      { description: failureDescriptions.sourceGone, at: now },
    );
  }
  store.run("DELETE FROM container WHERE id = ?", container.id);
  return { status: 202 };
}
