import {
  ShareServiceClient,
  StorageSharedKeyCredential,
  type ShareClient,
  type ShareFileClient,
} from "@azure/storage-file-share";
import { startStorage, type Storage } from "./emulator.ts";
import type { StorageEmulatorOptions } from "../../../src/local/storage/emulator.ts";

/** A running emulator with clients for both services; `media` is a share of the first account. */
export type FileStorage = Storage & {
  files: ShareServiceClient;
  otherFiles: ShareServiceClient;
  fileCredential: StorageSharedKeyCredential;
  share: ShareClient;
  /** A client for a file of the share, with options that belong to the client. */
  file(path: string, options?: FileClientOptions): ShareFileClient;
};

type FileClientOptions = NonNullable<ConstructorParameters<typeof ShareServiceClient>[2]>;

export async function startFileStorage(
  options: Partial<StorageEmulatorOptions> = {},
): Promise<FileStorage> {
  const storage = await startStorage(options);
  const { fileUrl } = storage.emulator;
  const client = (account: number, more: FileClientOptions = {}) => {
    const { name, key } = storage.emulator.accounts[account] ?? { name: "", key: "" };
    return new ShareServiceClient(`${fileUrl}/${name}`, new StorageSharedKeyCredential(name, key), {
      retryOptions: { maxTries: 1 },
      ...more,
    });
  };
  const files = client(0);
  const share = files.getShareClient("media");
  await share.create();
  const { name, key } = storage.emulator.accounts[0] ?? { name: "", key: "" };
  return {
    ...storage,
    files,
    otherFiles: client(1),
    fileCredential: new StorageSharedKeyCredential(name, key),
    share,
    file: (path, more) =>
      client(0, more).getShareClient("media").rootDirectoryClient.getFileClient(path),
  };
}

/** Uploads a file with headers and metadata. */
export async function uploadFile(
  client: ShareFileClient,
  content: string | Buffer,
): Promise<ShareFileClient> {
  const bytes = Buffer.from(content);
  await client.create(bytes.length, {
    fileHttpHeaders: { fileContentType: "video/mp4", fileCacheControl: "no-store" },
    metadata: { Project: "x" },
  });
  if (bytes.length > 0) await client.uploadRange(bytes, 0, bytes.length);
  return client;
}
