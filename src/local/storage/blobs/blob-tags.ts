import { saveBlob, type Tags } from "../store/blob-rows.ts";
import { requireBlob } from "./blob-address.ts";
import type { Call } from "../calls/operation-call.ts";
import { stateHeaders } from "../http/state-headers.ts";
import { requireReadConditions, requireWriteConditions } from "../calls/request-conditions.ts";
import { StorageError } from "../http/rest-errors.ts";
import { requireLeaseForRead, requireLeaseForWrite } from "../leases/lease-rules.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { verifyMd5 } from "../http/body-checksums.ts";
import { requireNoPendingCopy } from "./blob-writes.ts";
import {
  element,
  childElements,
  childText,
  parseXml,
  renderXml,
  type Element,
} from "../http/xml.ts";

/** REST page "Get Blob Tags". */
export function getBlobTags(call: Call): StorageResponse {
  const { headers } = call.request;
  const blob = requireBlob(call);
  requireReadConditions(headers, blob);
  requireLeaseForRead(blob.lease, { given: headers["x-ms-lease-id"], now: call.now });
  return {
    status: 200,
    headers: { "Content-Type": "application/xml" },
    body: renderXml(element("Tags", [tagSetElement(blob.tags)])),
  };
}

/** REST page "Set Blob Tags": replaces all tags. Changes neither ETag nor last modification. */
export function setBlobTags(call: Call): StorageResponse {
  const { request, store, now } = call;
  const blob = requireBlob(call);
  requireWriteConditions(request.headers, blob);
  requireNoPendingCopy(blob);
  requireLeaseForWrite(blob.lease, { given: request.headers["x-ms-lease-id"], now });
  verifyMd5(request.body, request.headers["content-md5"]);
  saveBlob(store, { ...blob, tags: parseTagsDocument(request.body.toString("utf8")) });
  return { status: 204, headers: stateHeaders(blob) };
}

/** The tags of a write (`x-ms-tags`). Throws if the caller is not allowed to set tags. */
export function readTags({ request, caller }: Call): Tags {
  const text = request.headers["x-ms-tags"] ?? "";
  if (text === "") return {};
  if (Buffer.byteLength(text) > maxHeaderBytes) throw new StorageError("TagsTooLarge");
  if ("maySetTags" in caller && !caller.maySetTags) {
    throw new StorageError("AuthorizationPermissionMismatch");
  }
  return requireTags([...new URLSearchParams(text)]);
}

/** The `TagSet` element of Get Blob Tags and List Blobs. */
export function tagSetElement(tags: Tags): Element {
  return element(
    "TagSet",
    Object.entries(tags).map(([key, value]) =>
      element("Tag", [element("Key", key), element("Value", value)]),
    ),
  );
}

/** Parses the request body of REST page "Set Blob Tags". */
function parseTagsDocument(xml: string): Tags {
  const root = parseXml(xml);
  const [tagSet, ...others] = root?.name === "Tags" ? childElements(root) : [];
  if (tagSet?.name !== "TagSet" || others.length > 0) throw new StorageError("InvalidXmlDocument");
  const tags = childElements(tagSet).filter(({ name }) => name === "Tag");
  return requireTags(
    tags.map((tag) => [childText(tag, "Key") ?? "", childText(tag, "Value") ?? ""]),
  );
}

/** Limits of REST page "Set Blob Tags". */
const maxTags = 10;
const maxKeyLength = 128;
const maxValueLength = 256;
const maxHeaderBytes = 2048;
const allowedCharacters = /^[A-Za-z0-9 +\-./:=_]*$/;

function requireTags(pairs: readonly (readonly [key: string, value: string])[]): Tags {
  const tags = new Map(pairs);
  if (tags.size !== pairs.length) throw new StorageError("DuplicateTagNames");
  if (tags.size > maxTags) throw new StorageError("TagsTooLarge");
  for (const [key, value] of tags) {
    if (key === "") throw new StorageError("EmptyTagName");
    if (key.length > maxKeyLength || value.length > maxValueLength) {
      throw new StorageError("TagsTooLarge");
    }
    if (!allowedCharacters.test(key) || !allowedCharacters.test(value))
      throw new StorageError("InvalidTag");
  }
  return Object.fromEntries(tags);
}
