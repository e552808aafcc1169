import type { Operation } from "../call.ts";
import type { OperationName } from "../operation.ts";
import { createDirectory, deleteDirectory, getDirectoryProperties } from "./directories.ts";
import { listDirectoriesAndFiles } from "./directory-listing.ts";
import { abortCopyFile, copyFile } from "./file-copies.ts";
import { leaseFile } from "./file-leases.ts";
import { getFile, getFileProperties } from "./file-reads.ts";
import { createFile, deleteFile, putRange, setFileMetadata, setFileProperties } from "./files.ts";
import { createPermission, getPermission } from "./permissions.ts";
import {
  createShare,
  deleteShare,
  getShareProperties,
  listShares,
  snapshotShare,
} from "./shares.ts";

/** All that this emulator does of Azure Files. */
export const fileService: Partial<Record<OperationName, Operation>> = {
  ListShares: listShares,
  CreateShare: createShare,
  GetShareProperties: getShareProperties,
  DeleteShare: deleteShare,
  SnapshotShare: snapshotShare,
  CreatePermission: createPermission,
  GetPermission: getPermission,
  ListDirectoriesAndFiles: listDirectoriesAndFiles,
  CreateDirectory: createDirectory,
  GetDirectoryProperties: getDirectoryProperties,
  DeleteDirectory: deleteDirectory,
  CreateFile: createFile,
  PutRange: putRange,
  GetFile: getFile,
  GetFileProperties: getFileProperties,
  SetFileProperties: setFileProperties,
  SetFileMetadata: setFileMetadata,
  DeleteFile: deleteFile,
  LeaseFile: leaseFile,
  CopyFile: copyFile,
  AbortCopyFile: abortCopyFile,
};
