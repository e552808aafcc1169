import type { Blob } from "../store/blob-rows.ts";
import type { Container } from "../store/container-rows.ts";
import { findTarget } from "./blob-address.ts";
import type { Call } from "../calls/operation-call.ts";
import { stateHeaders } from "../http/state-headers.ts";
import { addContent, addPiece, findBlocks, type Block } from "../store/content-blocks.ts";
import { verifyChecksums } from "../http/body-checksums.ts";
import { meetsTagCondition } from "../calls/request-conditions.ts";
import { StorageError } from "../http/rest-errors.ts";
import { readImmutability } from "./immutability.ts";
import { noLease, requireLeaseForRead, requireLeaseForWrite } from "../leases/lease-rules.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import type { Store } from "../store/store.ts";
import { readTags } from "./blob-tags.ts";
import { inheritedTier, requestedTier } from "./access-tiers.ts";
import {
  defaultContentType,
  dropStagedBlocks,
  encryptionHeader,
  readContentHeaders,
  requireNoPendingCopy,
  requireWritable,
  versionHeader,
  writeBlob,
} from "./blob-writes.ts";
import { childElements, element, parseXml, renderXml } from "../http/xml.ts";

/** "A blob can include up to 50,000 committed blocks" (REST page "Put Block List"). */
const maxBlocks = 50_000;

/** REST page "Put Block": stores an uncommitted block, which reads do not return. */
export function putBlock(call: Call): StorageResponse {
  const { request, store, now } = call;
  const name = request.query.get("blockid");
  const { container, name: blobName, blob } = findTarget(call);
  requireNoPendingCopy(blob);
  requireBlockBlob(blob);
  requireLeaseForWrite(blob?.lease ?? noLease, { given: request.headers["x-ms-lease-id"], now });
  requireBlockName(name, stagedBlocks(store, container, blobName));
  if (request.body.length === 0) {
    throw new StorageError("InvalidHeaderValue", { details: { HeaderName: "Content-Length" } });
  }

  const checksums = verifyChecksums(request.body, request.headers);
  store.run(
    "DELETE FROM staged_block WHERE container = ? AND blob = ? AND name = ?",
    container.id,
    blobName,
    name,
  );
  store.run(
    `INSERT INTO staged_block (container, blob, name, position, piece, length)
     SELECT ?1, ?2, ?3, coalesce(max(position), 0) + 1, ?4, ?5 FROM staged_block
     WHERE container = ?1 AND blob = ?2`,
    container.id,
    blobName,
    name,
    addPiece(store, request.body),
    request.body.length,
  );
  return { status: 201, headers: { ...checksums, ...encryptionHeader } };
}

/**
 * A block id is base64 of at most 64 bytes. Before encoding, all ids of one blob have the same length: Azure
 * rejects "10" after "9", although both are four characters of base64 (github.com/xtdb/xtdb/issues/3516).
 */
function requireBlockName(
  name: string | undefined,
  staged: readonly Block[],
): asserts name is string {
  if (name === undefined) {
    throw new StorageError("MissingRequiredQueryParameter", {
      details: { QueryParameterName: "blockid" },
    });
  }
  const bytes = Buffer.from(name, "base64");
  if (bytes.toString("base64") !== name || bytes.length === 0 || bytes.length > 64) {
    throw new StorageError("InvalidQueryParameterValue", {
      details: { QueryParameterName: "blockid", QueryParameterValue: name },
    });
  }
  if (staged.some((block) => Buffer.byteLength(block.name ?? "", "base64") !== bytes.length)) {
    throw new StorageError("InvalidBlobOrBlock");
  }
}

/** REST page "Put Block List": the blob consists of exactly the listed blocks, in this order. */
export function putBlockList(call: Call): StorageResponse {
  const { request, store, now } = call;
  const target = findTarget(call);
  requireWritable(call, target.blob);
  requireBlockBlob(target.blob);
  const checksums = verifyChecksums(request.body, request.headers);
  const blocks = chosenBlocks(call, target);
  const blob = writeBlob(call, target, {
    blobType: "BlockBlob",
    content: addContent(store, blocks),
    length: blocks.reduce((sum, block) => sum + block.length, 0),
    contentHeaders: { contentType: defaultContentType, ...readContentHeaders(request.headers) },
    metadata: request.metadata,
    ...(requestedTier(request.headers, { blobType: "BlockBlob", now }) ??
      inheritedTier(target.blob, now)),
    tags: readTags(call),
    immutability: readImmutability(request.headers, now),
  });
  dropStagedBlocks(call, target.container, target.name);
  return {
    status: 201,
    headers: {
      ...stateHeaders(blob),
      ...versionHeader(blob),
      ...checksums,
      ...encryptionHeader,
    },
  };
}

/** Only Put Blob can change the type of a blob. */
function requireBlockBlob(blob: Blob | undefined): void {
  if (blob !== undefined && blob.blobType !== "BlockBlob") {
    throw new StorageError("InvalidBlobType");
  }
}

function chosenBlocks(
  { request, store }: Call,
  { container, name, blob }: { container: Container; name: string; blob?: Blob },
): Block[] {
  const committed = byName(findBlocks(store, blob?.content ?? null));
  const staged = byName(stagedBlocks(store, container, name));
  const choices = parseBlockList(request.body.toString("utf8"));
  if (choices.length > maxBlocks) throw new StorageError("InvalidBlockList");
  return choices.map(({ list, name: block }) => {
    const found =
      list === "Committed"
        ? committed.get(block)
        : list === "Uncommitted"
          ? staged.get(block)
          : (staged.get(block) ?? committed.get(block));
    if (found === undefined) throw new StorageError("InvalidBlockList");
    return found;
  });
}

function byName(blocks: readonly Block[]): Map<string, Block> {
  return new Map(blocks.flatMap((block) => (block.name === null ? [] : [[block.name, block]])));
}

const blockLists = ["Committed", "Uncommitted", "Latest"] as const;
type BlockChoice = { list: (typeof blockLists)[number]; name: string };

/** Parses the request body of REST page "Put Block List", in its order. Ignores other elements. */
function parseBlockList(xml: string): BlockChoice[] {
  const root = parseXml(xml);
  if (root?.name !== "BlockList") throw new StorageError("InvalidXmlDocument");
  return childElements(root).flatMap(({ name, content }) => {
    const list = blockLists.find((one) => one === name);
    return list === undefined || typeof content !== "string"
      ? []
      : [{ list, name: content.trim() }];
  });
}

/** REST page "Get Block List". */
export function getBlockList(call: Call): StorageResponse {
  const { request, store, now } = call;
  const { container, name, blob } = findTarget(call);
  const staged = stagedBlocks(store, container, name);
  if (blob === undefined && staged.length === 0) throw new StorageError("BlobNotFound");
  requireBlockBlob(blob);
  if (!meetsTagCondition(request.headers, blob, "")) throw new StorageError("ConditionNotMet");
  if (blob !== undefined) {
    requireLeaseForRead(blob.lease, { given: request.headers["x-ms-lease-id"], now });
  }
  const type = request.query.get("blocklisttype") ?? "committed";
  const committed = findBlocks(store, blob?.content ?? null);
  const lists = [
    ...(type === "uncommitted" ? [] : [blockListElement("CommittedBlocks", committed)]),
    ...(type === "committed" ? [] : [blockListElement("UncommittedBlocks", staged)]),
  ];
  return {
    status: 200,
    headers: {
      ...(blob && stateHeaders(blob)),
      "Content-Type": "application/xml",
      "x-ms-blob-content-length": String(blob?.length ?? 0),
    },
    body: renderXml(element("BlockList", lists)),
  };
}

function blockListElement(name: string, blocks: readonly Block[]) {
  return element(
    name,
    blocks.flatMap((block) =>
      block.name === null
        ? []
        : [element("Block", [element("Name", block.name), element("Size", String(block.length))])],
    ),
  );
}

function stagedBlocks(store: Store, container: Container, blob: string): Block[] {
  return store.all<Block>(
    `SELECT name, piece, 0 AS start, length FROM staged_block WHERE container = ? AND blob = ?
     ORDER BY position`,
    container.id,
    blob,
  );
}
