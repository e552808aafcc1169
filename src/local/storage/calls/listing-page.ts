import type { Call } from "./operation-call.ts";
import { restName } from "../http/rest-operation.ts";
import { StorageError } from "../http/rest-errors.ts";
import type { StorageRequest } from "../http/storage-request.ts";
import { element, type Element } from "../http/xml.ts";

/** "If the request does not specify maxresults [...] the server will return up to 5,000 items." */
const maxPageSize = 5000;

/** The requested page of a listing, and the marker of the next page. */
type ListPage = {
  /** The first name of the page. */
  from: string;
  limit: number;
  /** The marker of a page that begins with this name. Opaque to clients. */
  markerFor(name: string): string;
  /** Prefix, Marker, MaxResults and Delimiter as they were sent. */
  echo: Element[];
};

/** Reads the URI parameters of REST pages "List Blobs" and "List Containers". */
export function readListPage({ query }: StorageRequest): ListPage {
  return {
    from: parseMarker(query.get("marker") ?? ""),
    limit: parseMaxResults(query.get("maxresults")),
    markerFor: (name) => `${markerVersion}${Buffer.from(name).toString("base64url")}`,
    echo: ["Prefix", "Marker", "MaxResults", "Delimiter"].flatMap((name) => {
      const value = query.get(name.toLowerCase());
      return value === undefined ? [] : [element(name, value)];
    }),
  };
}

/**
 * The datasets of the parameter `include`, in lower case: the SDK for .NET sends them capitalized. An unknown
 * dataset is rejected, as in Azure.
 */
export function readInclude(
  { request, operation }: Call,
  { known, notImplemented }: { known: readonly string[]; notImplemented: readonly string[] },
): ReadonlySet<string> {
  const text = request.query.get("include") ?? "";
  const datasets = new Set(
    text
      .toLowerCase()
      .split(",")
      .filter((name) => name !== ""),
  );
  for (const name of datasets) {
    if (notImplemented.includes(name)) {
      throw new StorageError("NotImplemented", {
        message: `${restName(operation)} with include=${name} is not implemented by this emulator`,
      });
    }
    if (!known.includes(name)) {
      throw new StorageError("InvalidQueryParameterValue", {
        details: {
          QueryParameterName: "include",
          QueryParameterValue: text,
          Reason: "Invalid query parameter value.",
        },
      });
    }
  }
  return datasets;
}

export function serviceEndpoint({ request, ownOrigins }: Call): string {
  return `${ownOrigins[request.service]}/${request.resource.account}`;
}

const markerVersion = "1!";

function parseMarker(marker: string): string {
  if (marker === "") return "";
  if (!marker.startsWith(markerVersion)) {
    throw new StorageError("InvalidQueryParameterValue", {
      details: { QueryParameterName: "marker", QueryParameterValue: marker },
    });
  }
  return Buffer.from(marker.slice(markerVersion.length), "base64url").toString();
}

function parseMaxResults(text: string | undefined): number {
  if (text === undefined || text === "") return maxPageSize;
  if (!/^\d+$/.test(text)) {
    throw new StorageError("InvalidQueryParameterValue", {
      details: { QueryParameterName: "maxresults", QueryParameterValue: text },
    });
  }
  if (Number(text) === 0) {
    throw new StorageError("OutOfRangeQueryParameterValue", {
      details: { QueryParameterName: "maxresults", QueryParameterValue: text },
    });
  }
  return Math.min(Number(text), maxPageSize);
}
