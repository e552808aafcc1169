import { requireOverwrite } from "./authorization.ts";
import { blobAddress, findTarget, requireBlob, stateHeaders, type Call } from "./call.ts";
import { requireSourceConditions, requireWriteConditions } from "./conditions.ts";
import { settingsFor, type CopySettings } from "./copy-settings.ts";
import { resolveCopySource, type CopySource } from "./copy-source.ts";
import {
  abortCopy,
  copiedMetadata,
  finishedCopy,
  finishesAtOnce,
  pendingCopy,
  startedCopy,
} from "./copy-start.ts";
import { noLease, requireLeaseForCopy } from "./lease-rules.ts";
import { savePendingCopy } from "./pending-copies.ts";
import type { StorageAnswer } from "./request.ts";
import { dropStagedBlocks, readAccessTier, requireNoPendingCopy, writeBlob } from "./writes.ts";

/**
 * REST page "Copy Blob". The checks come in the service's order: source readable, source
 * conditions, destination conditions, pending copy, lease. Then there is a committed, empty
 * destination with the source's headers, and the answer.
 */
export function copyBlob(call: Call): StorageAnswer {
  const { request, now } = call;
  const { headers } = request;
  const target = findTarget(call);
  const source = resolveCopySource(call);
  requireSourceConditions(headers, source.object);
  requireOverwrite(call.caller, target.blob);
  requireWriteConditions(headers, target.blob, "TargetConditionNotMet");
  requireNoPendingCopy(target.blob);
  requireLeaseForCopy(target.blob?.lease ?? noLease, { given: headers["x-ms-lease-id"], now });

  const settings = settingsFor(call.copies, blobAddress(request.resource));
  const blob = finishesAtOnce(settings, source)
    ? finishAtOnce(call, target, source)
    : startPending(call, target, { source, settings });
  dropStagedBlocks(call, target.container, target.name);
  return {
    status: 202,
    headers: {
      ...stateHeaders(blob),
      "x-ms-copy-id": blob.copy?.id,
      "x-ms-copy-status": blob.copy?.status,
    },
  };
}

type Target = ReturnType<typeof findTarget>;

function finishAtOnce(call: Call, target: Target, source: CopySource) {
  const { content, length, contentHeaders } = source.object;
  return writeBlob(call, target, {
    ...inherited(call, target, source),
    content,
    length,
    contentHeaders,
    copy: finishedCopy(call, source),
  });
}

function startPending(
  call: Call,
  target: Target,
  { source, settings }: { source: CopySource; settings: CopySettings },
) {
  const { store } = call;
  // Written first, it holds the content that an emptied destination lets go of: they may be one.
  if (target.blob !== undefined) {
    savePendingCopy(store, pendingCopy(call, { destination: target.blob, source, settings }));
  }
  const { contentMD5: _, ...contentHeaders } = source.object.contentHeaders; // not the empty blob's
  const blob = writeBlob(call, target, {
    ...inherited(call, target, source),
    content: null,
    length: 0,
    contentHeaders,
    copy: startedCopy(call, source),
  });
  if (target.blob === undefined) {
    savePendingCopy(store, pendingCopy(call, { destination: blob, source, settings }));
  }
  return blob;
}

/** A tier is the destination's own. */
function inherited(call: Call, target: Target, source: CopySource) {
  return {
    metadata: copiedMetadata(call, source),
    accessTier: readAccessTier(call.request.headers) ?? target.blob?.accessTier ?? null,
  };
}

/** REST page "Abort Copy Blob". */
export function abortCopyBlob(call: Call): StorageAnswer {
  return abortCopy(call, requireBlob(call));
}
