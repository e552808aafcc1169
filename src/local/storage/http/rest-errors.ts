/**
 * An error response of the service. `code` becomes `x-ms-error-code` and the XML `<Code>`; `details`
 * become further elements of the XML body, `headers` further headers of the response.
 * Codes and statuses: REST pages "Common REST API Error Codes", "Blob Service Error
 * Codes" and "Azure Files error codes".
 */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: string;
  readonly status: number;
  readonly details: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: StorageErrorCode, options: StorageErrorOptions = {}) {
    const [status, message] = knownErrors[code];
    super(options.message ?? message);
    this.code = code;
    this.status = options.status ?? status;
    this.details = options.details ?? {};
    this.headers = options.headers ?? {};
  }
}

export type StorageErrorCode = keyof typeof knownErrors;

type StorageErrorOptions = {
  message?: string;
  /** Replaces the code's own status: `CannotVerifyCopySource` has the status of the source. */
  status?: number;
  details?: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
};

const knownErrors = {
  AppendPositionConditionNotMet: [412, "The append position condition specified was not met."],
  AuthenticationFailed: [
    403,
    "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.",
  ],
  AuthorizationFailure: [403, "This request is not authorized to perform this operation."],
  AuthorizationPermissionMismatch: [
    403,
    "This request is not authorized to perform this operation using this permission.",
  ],
  AuthorizationProtocolMismatch: [
    403,
    "This request is not authorized to perform this operation using this protocol.",
  ],
  AuthorizationResourceTypeMismatch: [
    403,
    "This request is not authorized to perform this operation using this resource type.",
  ],
  AuthorizationServiceMismatch: [
    403,
    "This request is not authorized to perform this operation using this service.",
  ],
  AuthorizationSourceIPMismatch: [
    403,
    "This request is not authorized to perform this operation using this source IP.",
  ],
  BlobAlreadyExists: [409, "The specified blob already exists."],
  BlobArchived: [409, "This operation is not permitted on an archived blob."],
  BlobBeingRehydrated: [
    409,
    "This operation is not permitted because the blob is being rehydrated.",
  ],
  BlobImmutableDueToPolicy: [
    409,
    "This operation is not permitted as the blob is immutable due to a policy.",
  ],
  BlobIsSealed: [
    409,
    "The specified blob is sealed, and its contents can't be modified unless the blob is re-created after a delete.",
  ],
  BlobNotFound: [404, "The specified blob does not exist."],
  BothUserTagsAndSourceTagsCopyPresentException: [
    400,
    "x-ms-tags header must not be present with x-ms-copy-source-tag-option as COPY.",
  ],
  BothCrc64AndMd5HeaderPresent: [
    400,
    "Both x-ms-content-crc64 header and Content-MD5 header are present.",
  ],
  BlockCountExceedsLimit: [
    409,
    "The committed block count cannot exceed the maximum limit of 50,000 blocks.",
  ],
  CannotVerifyCopySource: [500, "Could not verify the copy source within the specified time."],
  ConditionNotMet: [412, "The condition specified using HTTP conditional header(s) is not met."],
  ContainerAlreadyExists: [409, "The specified container already exists."],
  ContainerNotFound: [404, "The specified container does not exist."],
  CopyIdMismatch: [
    409,
    "The specified copy ID did not match the copy ID for the pending copy operation.",
  ],
  Crc64Mismatch: [
    400,
    "The CRC64 value specified in the request did not match with the CRC64 value calculated by the server.",
  ],
  DirectoryNotEmpty: [409, "The specified directory is not empty."],
  DuplicateTagNames: [400, "The tags specified contain duplicate names."],
  EmptyTagName: [400, "The name of one of the tag key-value pairs is empty."],
  FileInvalidPermission: [400, "The security descriptor for the file permission is invalid."],
  InfiniteLeaseDurationRequired: [
    412,
    "The lease ID matched, but the specified lease must be an infinite-duration lease.",
  ],
  InternalError: [500, "Server encountered an internal error. Please try again after some time."],
  InvalidAuthenticationInfo: [
    401,
    "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
  ],
  InvalidBlobOrBlock: [400, "The specified blob or block content is invalid."],
  InvalidBlobType: [409, "The blob type is invalid for this operation."],
  InvalidBlockList: [400, "The specified block list is invalid."],
  InvalidFileOrDirectoryPathName: [400, "The path of the file or directory is not valid."],
  InvalidHeaderValue: [400, "The value for one of the HTTP headers is not in the correct format."],
  InvalidInput: [400, "One of the request inputs is not valid."],
  InvalidMd5: [400, "The MD5 value specified in the request is invalid."],
  InvalidMetadata: [
    400,
    "The specified metadata is invalid. It includes characters that are not permitted.",
  ],
  InvalidPageRange: [416, "The page range specified is invalid."],
  InvalidQueryParameterValue: [
    400,
    "Value for one of the query parameters specified in the request URI is invalid.",
  ],
  InvalidRange: [416, "The range specified is invalid for the current size of the resource."],
  InvalidResourceName: [400, "The specified resource name contains invalid characters."],
  InvalidTag: [
    400,
    "The tags specified are invalid. It contains characters that are not permitted.",
  ],
  InvalidUri: [400, "The requested URI does not represent any resource on the server."],
  InvalidXmlDocument: [400, "XML specified is not syntactically valid."],
  InvalidXmlNodeValue: [400, "The value for one of the XML nodes is not in the correct format."],
  LeaseAlreadyPresent: [409, "There is already a lease present."],
  LeaseIdMismatchWithBlobOperation: [
    412,
    "The lease ID specified did not match the lease ID for the blob.",
  ],
  LeaseIdMismatchWithFileOperation: [
    412,
    "The lease ID specified did not match the lease ID for the file.",
  ],
  LeaseIdMismatchWithLeaseOperation: [
    409,
    "The lease ID specified did not match the lease ID for the blob.",
  ],
  LeaseIdMissing: [
    412,
    "There is currently a lease on the blob and no lease ID was specified in the request.",
  ],
  LeaseIsBreakingAndCannotBeAcquired: [
    409,
    "The lease ID matched, but the lease is currently in breaking state and cannot be acquired until it is broken.",
  ],
  LeaseIsBreakingAndCannotBeChanged: [
    409,
    "The lease ID matched, but the lease is currently in breaking state and cannot be changed.",
  ],
  LeaseIsBrokenAndCannotBeRenewed: [
    409,
    "The lease ID matched, but the lease has been broken explicitly and cannot be renewed.",
  ],
  LeaseLost: [412, "A lease ID was specified, but the lease for the blob has expired."],
  LeaseNotPresentWithBlobOperation: [412, "There is currently no lease on the blob."],
  LeaseNotPresentWithFileOperation: [412, "There is currently no lease on the file."],
  LeaseNotPresentWithLeaseOperation: [409, "There is currently no lease on the blob."],
  MaxBlobSizeConditionNotMet: [412, "The max blob size condition specified was not met."],
  Md5Mismatch: [
    400,
    "The MD5 value specified in the request did not match with the MD5 value calculated by the server.",
  ],
  MetadataTooLarge: [400, "The size of the specified metadata exceeds the maximum size permitted."],
  MissingRequiredHeader: [
    400,
    "An HTTP header that's mandatory for this request is not specified.",
  ],
  MissingRequiredQueryParameter: [
    400,
    "A query parameter that's mandatory for this request is not specified.",
  ],
  NoAuthenticationInformation: [
    401,
    "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
  ],
  NoPendingCopyOperation: [409, "There is currently no pending copy operation."],
  NotImplemented: [501, "The requested operation is not implemented on the specified resource."],
  OperationNotAllowedOnRootBlob: [
    403,
    "This operation is not allowed on the root blob of versions.",
  ],
  OutOfRangeInput: [400, "One of the request inputs is out of range."],
  OutOfRangeQueryParameterValue: [
    400,
    "One of the query parameters specified in the request URI is outside the permissible range.",
  ],
  ParentNotFound: [404, "The specified parent path does not exist."],
  PendingCopyOperation: [409, "There is currently a pending copy operation."],
  ReadOnlyAttribute: [
    409,
    "The specified resource is read-only and cannot be modified at this time.",
  ],
  RequestBodyTooLarge: [
    413,
    "The request body is too large and exceeds the maximum permissible limit.",
  ],
  ResourceAlreadyExists: [409, "The specified resource already exists."],
  ResourceNotFound: [404, "The specified resource does not exist."],
  ResourceTypeMismatch: [
    409,
    "The specified resource type does not match the type of the existing resource.",
  ],
  ServerBusy: [
    503,
    "The server is currently unable to receive requests. Please retry your request.",
  ],
  ShareAlreadyExists: [409, "The specified share already exists."],
  ShareHasSnapshots: [409, "The share has snapshots and the operation requires no snapshots."],
  ShareNotFound: [404, "The specified share does not exist."],
  ShareSnapshotNotFound: [404, "The specified share snapshot does not exist."],
  ShareSnapshotOperationNotSupported: [400, "The operation is not supported on a share snapshot."],
  SequenceNumberConditionNotMet: [412, "The sequence number condition specified was not met."],
  SnapshotsPresent: [409, "This operation is not permitted while the blob has snapshots."],
  SourceConditionNotMet: [
    412,
    "The source condition specified using HTTP conditional header(s) is not met.",
  ],
  TagsTooLarge: [400, "The tags specified exceed the maximum permissible limit."],
  TargetConditionNotMet: [
    412,
    "The target condition specified using HTTP conditional header(s) is not met.",
  ],
  UnauthorizedBlobOverwrite: [403, "This request is not authorized to perform blob overwrites."],
  UnsatisfiableCondition: [
    400,
    "The request includes an unsatisfiable condition for this operation.",
  ],
  UnsupportedHeader: [400, "One of the headers specified in the request is not supported."],
} as const satisfies Record<string, readonly [status: number, message: string]>;
