import type { Tags, ContentHeaders } from "../store/blob-rows.ts";
import type { StorageError } from "../http/rest-errors.ts";
import type { Metadata } from "../http/storage-request.ts";

/** What a URL outside of Storage answered when a copy of it was asked for. */
export type WebObject = {
  service: "web";
  /** Not a row of any table. */
  id: 0;
  /** Without quotes; empty where the answer has none: then no change is ever noticed. */
  etag: string;
  /** Epoch ms. */
  lastModified: number;
  length: number;
  contentHeaders: ContentHeaders;
  metadata: Metadata;
  tags: Tags;
  /** Read only where the copy is to finish in its start. */
  bytes: Buffer | null;
};

/** A URL has to be asked before its copy can start: the one thing that cannot wait in a transaction. */
export class NeedsFetch extends Error {
  override readonly name = "WebSourceWanted";
  readonly url: URL;
  /** Whether all of its bytes are needed at once. */
  readonly withBody: boolean;

  constructor(url: URL, withBody: boolean) {
    super("Cannot start copy before its source was asked");
    this.url = url;
    this.withBody = withBody;
  }
}

/** What came of asking, or the refusal that the start answers with. */
export type FetchedSource = WebObject | StorageError;
