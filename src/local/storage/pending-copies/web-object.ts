/**
 * Sources outside Storage: throw, fetch, run again.
 *
 * Copy Blob runs synchronously inside a SQLite transaction, but a source outside Storage has to be
 * fetched first, which is asynchronous. Therefore the operation throws `NeedsFetch` when it reaches such a
 * source. The transaction rolls back, `runWithFetch` fetches the source, and the same operation runs a
 * second time with the result. All checks before the source run twice, and the second run decides.
 */
import type { Tags, ContentHeaders } from "../store/blob-rows.ts";
import type { StorageError } from "../http/rest-errors.ts";
import type { Metadata } from "../http/storage-request.ts";

/** A source outside Storage, as its URL described it at the start of the copy. */
export type WebObject = {
  service: "web";
  /** Not the id of a row. */
  id: 0;
  /** Without quotes; empty if the response has none: then changes are not detected. */
  etag: string;
  /** Epoch ms. */
  lastModified: number;
  length: number;
  contentHeaders: ContentHeaders;
  metadata: Metadata;
  tags: Tags;
  /** Null unless the copy completes in its start. */
  bytes: Buffer | null;
};

/** Thrown by the start of a copy whose source has to be fetched before the operation runs again. */
export class NeedsFetch extends Error {
  override readonly name = "NeedsFetch";
  readonly url: URL;
  /** Whether the copy needs all bytes in its start. */
  readonly withBody: boolean;

  constructor(url: URL, withBody: boolean) {
    super("Cannot start copy because its source has not been fetched yet");
    this.url = url;
    this.withBody = withBody;
  }
}

/** The fetched source, or the error of the start if it cannot be read. */
export type FetchedSource = WebObject | StorageError;
