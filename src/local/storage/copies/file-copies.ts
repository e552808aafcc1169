import { stateHeaders } from "../http/state-headers.ts";
import type { Call } from "../calls/operation-call.ts";
import { settingsFor, type CopySettings } from "../pending-copies/copy-settings.ts";
import { resolveCopySource, type CopySource } from "./copy-source.ts";
import {
  abortCopy,
  copiedMetadata,
  finishedCopy,
  finishesOnStart,
  pendingCopy,
  startedCopy,
} from "./copy-start-and-abort.ts";
import { savePendingCopy } from "../pending-copies/pending-copies.ts";
import type { StorageResponse } from "../http/storage-request.ts";
import { requireFileForWrite, requireWritableTarget, type Target } from "../files/file-address.ts";
import { copiedSystemProperties } from "./copied-properties.ts";
import type { File, SystemProperties } from "../store/file-rows.ts";
import {
  refuseReadOnly,
  requireOverwrite,
  requireWritable,
  writeFile,
} from "../files/file-writes.ts";
import { readBoolean, unsupportedHeader, type Headers } from "../http/request-headers.ts";

/**
 * REST page "Copy File". Checks the source, then the destination, like Copy Blob. Then writes the
 * destination: empty, with the source's headers.
 */
export function copyFile(call: Call): StorageResponse {
  const { headers } = call.request;
  const target = requireWritableTarget(call);
  const source = resolveCopySource(call);
  refuseTrailingDotOfBlob(headers, source);
  requireOverwrite(call, target.file);
  requireWritable(call, target.file);
  const ignoresReadOnly = readBoolean(headers, "x-ms-file-copy-ignore-readonly") ?? false;
  if (!ignoresReadOnly) refuseReadOnly(target.file);

  const settings = settingsFor(call.copies, target.share.name, target.path);
  const start = { source, settings, system: copiedSystemProperties(call, target.share, source) };
  const file = finishesOnStart(settings, source)
    ? finishOnStart(call, target, start)
    : startPending(call, target, start);
  return {
    status: 202,
    headers: {
      ...stateHeaders(file),
      "x-ms-copy-id": file.copy?.id,
      "x-ms-copy-status": file.copy?.status,
    },
  };
}

type Start = { source: CopySource; settings: CopySettings; system: SystemProperties };

/** "This header isn't supported for any other copy source type" (REST page "Copy File"). */
function refuseTrailingDotOfBlob(headers: Headers, { object }: CopySource): void {
  const name = "x-ms-source-allow-trailing-dot";
  if (object.service === "blob" && headers[name] !== undefined) throw unsupportedHeader(name);
}

function finishOnStart(call: Call, target: Target, { source, system }: Start): File {
  const { content, length, contentHeaders } = source.object;
  return writeFile(call, target, {
    content,
    length,
    contentHeaders,
    metadata: copiedMetadata(call, source),
    system,
    copy: finishedCopy(call, source),
  });
}

function startPending(call: Call, target: Target, { source, settings, system }: Start): File {
  const { store } = call;
  const pending = (destination: File) => pendingCopy(call, { destination, source, settings });
  // Saved before the destination is emptied, because source and destination may share their content.
  if (target.file !== undefined) savePendingCopy(store, pending(target.file));
  const { contentMD5: _, ...contentHeaders } = source.object.contentHeaders; // the destination is still empty
  const file = writeFile(call, target, {
    content: null,
    length: 0,
    contentHeaders,
    metadata: copiedMetadata(call, source),
    system,
    copy: startedCopy(call, source),
  });
  if (target.file === undefined) savePendingCopy(store, pending(file));
  return file;
}

/** REST page "Abort Copy File". */
export function abortCopyFile(call: Call): StorageResponse {
  return abortCopy(call, requireFileForWrite(call));
}
