import { requireOverwrite } from "../auth/caller.ts";
import type { Blob } from "../store/blob-rows.ts";
import { findTarget, requireBlob } from "../blobs/blob-address.ts";
import type { Call } from "../calls/operation-call.ts";
import { stateHeaders } from "../http/state-headers.ts";
import { requireSourceConditions, requireWriteConditions } from "../calls/request-conditions.ts";
import { addContent } from "../store/content-blocks.ts";
import { zeroBlocks } from "../store/content-ranges.ts";
import { settingsFor, type CopySettings } from "../pending-copies/copy-settings.ts";
import {
  buildDestination,
  readTraits,
  requireReplaceable,
  type CopyTarget,
  type DestinationProperties,
} from "./copy-destination.ts";
import { resolveCopySource, type CopySource } from "./copy-source.ts";
import {
  abortCopy,
  finishedCopy,
  finishesOnStart,
  pendingCopy,
  startedCopy,
} from "./copy-start-and-abort.ts";
import { StorageError } from "../http/rest-errors.ts";
import { noLease, requireLeaseForCopy } from "../leases/lease-rules.ts";
import { savePendingCopy } from "../pending-copies/pending-copies.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import {
  dropStagedBlocks,
  requireNoPendingCopy,
  versionHeader,
  writeBlob,
} from "../blobs/blob-writes.ts";

/**
 * REST page "Copy Blob". Checks in the service's order: source readable, source conditions, destination
 * conditions, pending copy, lease. Then writes the destination: committed, empty, with the source's headers.
 */
export function copyBlob(call: Call): StorageResponse {
  const { request, now } = call;
  const { headers } = request;
  const target = findTarget(call);
  const source = resolveCopySource(call);
  refuseConditionsOnFile(headers, source);
  requireSourceConditions(headers, source.object);
  requireOverwrite(call.caller, target.blob);
  requireWriteConditions(headers, target.blob, "TargetConditionNotMet");
  requireNoPendingCopy(target.blob);
  requireLeaseForCopy(target.blob?.lease ?? noLease, { given: headers["x-ms-lease-id"], now });

  const settings = settingsFor(call.copies, target.container.name, target.name);
  const traits = readTraits(source);
  if (target.blob !== undefined) requireReplaceable(target.blob, traits, now);
  const properties = buildDestination(call, { target, source, traits, settings });
  const start = { source, settings, properties };
  const blob =
    properties.rehydration === null && finishesOnStart(settings, source)
      ? finishOnStart(call, target, start)
      : startPending(call, target, start);
  dropStagedBlocks(call, target.container, target.name);
  return {
    status: 202,
    headers: {
      ...stateHeaders(blob),
      ...versionHeader(blob),
      "x-ms-copy-id": blob.copy?.id,
      "x-ms-copy-status": blob.copy?.status,
    },
  };
}

type Start = { source: CopySource; settings: CopySettings; properties: DestinationProperties };

/** "These conditional headers are not supported if the source is an Azure file" (REST page "Copy Blob"). */
function refuseConditionsOnFile(
  headers: Readonly<Record<string, string>>,
  { object }: CopySource,
): void {
  const name = Object.keys(headers).find((header) => header.startsWith("x-ms-source-if-"));
  if (object.service === "blob" || name === undefined) return;
  throw new StorageError("UnsupportedHeader", { details: { HeaderName: name } });
}

function finishOnStart(call: Call, target: CopyTarget, { source, properties }: Start): Blob {
  const { content, length, contentHeaders } = source.object;
  const copy = finishedCopy(call, source);
  return writeBlob(call, target, { ...properties, content, length, contentHeaders, copy });
}

function startPending(
  call: Call,
  target: CopyTarget,
  { source, settings, properties }: Start,
): Blob {
  const { store } = call;
  const { length } = source.object;
  const pending = (destination: Blob) =>
    pendingCopy(call, { destination, source, settings, from: properties.rehydration?.doneAt });
  // Saved before the destination is emptied, because source and destination may share their content.
  if (target.blob !== undefined) savePendingCopy(store, pending(target.blob));

  const { contentMD5: _, ...contentHeaders } = source.object.contentHeaders; // the destination is still empty
  const blob = writeBlob(call, target, {
    ...properties,
    // "The Blob service creates a destination page blob of the source blob's length, initially
    // containing all zeroes". Other blob types are empty.
    ...(properties.blobType === "PageBlob"
      ? { content: addContent(store, zeroBlocks(length)), length }
      : { content: null, length: 0 }),
    contentHeaders,
    copy: startedCopy(call, source),
  });
  if (target.blob === undefined) savePendingCopy(store, pending(blob));
  return blob;
}

/** REST page "Abort Copy Blob". */
export function abortCopyBlob(call: Call): StorageResponse {
  return abortCopy(call, requireBlob(call));
}
