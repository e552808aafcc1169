import {
  FileSASPermissions,
  ShareServiceClient,
  StorageSharedKeyCredential,
} from "@azure/storage-file-share";
import type { ShareClient, ShareFileClient } from "@azure/storage-file-share";
import { firstAccount, hour } from "./test-stack.ts";
import type { TestStack } from "./test-stack.ts";

/** Clients for Azure Files of a stack's emulator. Paths are share, folders and file: `share/in/film.mp4`. */
export type StackFiles = {
  share(name: string, account?: string): ShareClient;
  /** A client that allows trailing dots. */
  file(path: string, account?: string): ShareFileClient;
  /** Uploads a source, with its share and folders. */
  upload(path: string, content: Buffer, account?: string): Promise<ShareFileClient>;
  /** Creates the share and folders of a file. */
  createFolders(path: string, account?: string): Promise<void>;
  /** The file's URL with a SAS for one hour. */
  sas(file: ShareFileClient, permissions?: string): string;
};

export function createStackFiles({ local, clock }: TestStack): StackFiles {
  const { fileUrl, accounts } = local.emulator;
  const service = (account: string) => {
    const key = accounts.find(({ name }) => name === account)?.key ?? "";
    const credential = new StorageSharedKeyCredential(account, key);
    return new ShareServiceClient(`${fileUrl}/${account}`, credential, {
      retryOptions: { maxTries: 1 },
      allowTrailingDot: true,
    });
  };
  const files: StackFiles = {
    share: (name, account = firstAccount) => service(account).getShareClient(name),
    file(path, account = firstAccount) {
      const [share = "", ...rest] = path.split("/");
      let folder = service(account).getShareClient(share).rootDirectoryClient;
      for (const name of rest.slice(0, -1)) folder = folder.getDirectoryClient(name);
      return folder.getFileClient(rest.at(-1) ?? "");
    },
    async createFolders(path, account = firstAccount) {
      const [share = "", ...rest] = path.split("/");
      const client = service(account).getShareClient(share);
      await client.createIfNotExists();
      let folder = client.rootDirectoryClient;
      for (const name of rest.slice(0, -1)) {
        folder = folder.getDirectoryClient(name);
        await folder.createIfNotExists();
      }
    },
    async upload(path, content, account = firstAccount) {
      await files.createFolders(path, account);
      const file = files.file(path, account);
      await file.create(content.length, {
        fileHttpHeaders: { fileContentType: "video/mp4" },
        metadata: { film: "yes" },
      });
      if (content.length > 0) await file.uploadRange(content, 0, content.length);
      return file;
    },
    sas: (file, permissions = "r") =>
      file.generateSasUrl({
        permissions: FileSASPermissions.parse(permissions),
        startsOn: new Date(clock.now() - hour),
        expiresOn: new Date(clock.now() + hour),
      }),
  };
  return files;
}
