import type {
  BlobClient,
  BlobGetPropertiesResponse,
  BlobServiceClient,
  BlockBlobClient,
  ContainerClient,
} from "@azure/storage-blob";

/** A Blob service, called with the official SDK. */
export type Account = {
  service: BlobServiceClient;
  /** A second account, if there is one. */
  otherService?: BlobServiceClient;
  /** Waits for the end of a copy and returns its destination's properties. */
  waitForCopy(destination: BlobClient): Promise<BlobGetPropertiesResponse>;
};

export type Box = Account & { box: ContainerClient };
/** One promise; `needsOther`: it needs two accounts. */
export type Case = { title: string; needsOther?: true; run: (box: Box) => Promise<void> };

export const text = async (blob: BlobClient) => (await blob.downloadToBuffer()).toString();
export const block = (name: string) => Buffer.from(name).toString("base64");

export async function film(box: ContainerClient, name = "film.mp4"): Promise<BlockBlobClient> {
  const blob = box.getBlockBlobClient(name);
  await blob.upload("abc", 3, {
    blobHTTPHeaders: { blobContentType: "video/mp4", blobCacheControl: "no-store" },
    metadata: { project: "x" },
    tags: { team: "y" },
  });
  return blob;
}
