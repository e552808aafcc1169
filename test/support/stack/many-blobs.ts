import { insertContainer, findContainer } from "../../../src/local/storage/store/container-rows.ts";
import { addContent, createBlock } from "../../../src/local/storage/store/content-blocks.ts";
import { saveBlob } from "../../../src/local/storage/store/blob-rows.ts";
import { openStore } from "../../../src/local/storage/store/store.ts";
import { noLease } from "../../../src/local/storage/leases/lease-rules.ts";
import { noon } from "./emulator.ts";

/**
 * `at`: when the blobs were written (epoch ms); noon when absent. `contentOf`: the content of the blob with a name; "x"
 * when absent.
 */
export type ManyBlobs = {
  account: string;
  container: string;
  names: Iterable<string>;
  at?: number;
  contentOf?: (name: string) => string;
};

/**
 * Writes many block blobs, and their container unless it exists, into the file of an emulator that is not running or
 * has no request now. Hundreds of thousands of blobs take seconds; uploads would take minutes.
 */
export function writeManyBlobs(
  file: string,
  { account, container, names, at = noon, contentOf }: ManyBlobs,
): void {
  const store = openStore(file);
  const blob = { ...plainBlob, createdAt: at, lastModified: at };
  try {
    store.transaction(() => {
      const state = { etag: store.nextEtag(), lastModified: at, metadata: {} };
      if (findContainer(store, account, container) === undefined) {
        insertContainer(store, { account, name: container, publicAccess: null, ...state });
      }
      const { id = 0 } = findContainer(store, account, container) ?? {};
      const add = (text: string) => addContent(store, [createBlock(store, Buffer.from(text))]);
      const shared = contentOf === undefined ? add("x") : null;
      for (const name of names) {
        const own = contentOf === undefined ? {} : ownContent(contentOf(name), add);
        const etag = store.nextEtag();
        saveBlob(store, { ...blob, container: id, name, etag, content: shared, ...own });
      }
    });
  } finally {
    store.close();
  }
}

function ownContent(text: string, add: (text: string) => number | null) {
  return { content: add(text), length: Buffer.byteLength(text) };
}

const plainBlob = {
  service: "blob",
  snapshot: "",
  formerVersion: "",
  versionId: null,
  blobType: "BlockBlob",
  length: 1,
  contentHeaders: { contentType: "text/plain" },
  metadata: {},
  accessTier: null,
  tierChangedAt: null,
  rehydration: null,
  tags: {},
  immutability: { policy: null, hasLegalHold: false },
  sequenceNumber: 0,
  isSealed: false,
  lease: noLease,
  copy: null,
} as const;
