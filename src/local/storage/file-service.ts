import type { Operation } from "./calls/operation-call.ts";
import type { OperationName } from "./http/rest-operation.ts";
import { createDirectory, deleteDirectory, getDirectoryProperties } from "./files/directories.ts";
import { listDirectoriesAndFiles } from "./files/directory-listing.ts";
import { abortCopyFile, copyFile } from "./copies/file-copies.ts";
import { leaseFile } from "./files/file-leases.ts";
import { getFile, getFileProperties } from "./files/file-reads.ts";
import {
  createFile,
  deleteFile,
  putRange,
  setFileMetadata,
  setFileProperties,
} from "./files/files.ts";
import { createPermission, getPermission } from "./files/file-permissions.ts";
import {
  createShare,
  deleteShare,
  getShareProperties,
  listShares,
  snapshotShare,
} from "./files/shares.ts";

/** The implemented operations of Azure Files. */
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
