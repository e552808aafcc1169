/**
 * Why a copy ended without success. Every cause has a fix a person can act on, and says whether the
 * same request may succeed later without that fix.
 */
export const causes = {
  "source-not-found": {
    fix: "Check the source URL; the blob or file, or what holds it, does not exist, or is not public and came without a SAS",
    retryable: false,
  },
  "source-unauthorized": {
    fix: "Give the source URL a SAS with read permission, or give this app's identity its roles. For a blob: Storage Blob Data Reader on it (with ifTags, Storage Blob Data Owner) and, unless it goes to a blob of its own account, Storage Blob Delegator on that account. For a file: Storage File Data Privileged Reader on it and Storage File Delegator on its account",
    retryable: false,
  },
  "source-sas-expired": { fix: "Send the request again with a fresh source SAS", retryable: false },
  "source-sas-not-yet-valid": {
    fix: "Send the request again once the SAS has begun, or with a SAS that begins earlier",
    retryable: true,
  },
  "source-changed": {
    fix: "Start the copy again once nothing writes to the source any more",
    retryable: true,
  },
  "source-archived": {
    fix: "Give options.tier an online tier, so that Storage rehydrates the copy, or rehydrate the source first",
    retryable: false,
  },
  "source-unreadable": {
    fix: "Look at the source account: its firewall, private endpoints and permitted copy scope must let the destination's Storage service read it",
    retryable: true,
  },
  "source-leased": {
    fix: 'Release or break the lease on the source, or set options.sourceLease to "off"; a copy reads a leased source all the same',
    retryable: true,
  },
  "condition-not-met": {
    fix: "Look at options.sourceConditions and options.destinationConditions, and at the blobs; nothing was copied",
    retryable: true,
  },
  "source-copy-pending": {
    fix: "Wait until the copy onto the source has ended, then start again",
    retryable: true,
  },
  "destination-not-found": {
    fix: "Create the destination's container, or its share and folder, then start again",
    retryable: false,
  },
  "destination-unauthorized": {
    fix: "Give this app's identity the role Storage Blob Data Contributor on the destination (with tags or ifTags, Storage Blob Data Owner; on files, Storage File Data Privileged Contributor), or give the destination URL a SAS with read, create, write and delete permission (with tags or ifTags, also t)",
    retryable: false,
  },
  "destination-exists": {
    fix: 'Choose another destination, or set options.overwrite to "skip", "if-newer" or "always"',
    retryable: false,
  },
  "destination-type-mismatch": {
    fix: "Delete the destination or choose another name; Storage never changes a blob's type",
    retryable: false,
  },
  "destination-leased": {
    fix: "Release or break the lease on the destination, then start again",
    retryable: true,
  },
  "destination-locked": {
    fix: "Close the file in the SMB or NFS clients that hold it open, then start again",
    retryable: true,
  },
  "destination-archived": {
    fix: "Delete the destination or give it an online tier first; Storage overwrites no archived blob",
    retryable: false,
  },
  "destination-busy": {
    fix: "Wait until the other copy onto this destination has ended, or abort it, then start again",
    retryable: true,
  },
  "destination-immutable": {
    fix: "Choose another destination; an immutability policy or a legal hold protects this one",
    retryable: false,
  },
  "destination-read-only": {
    fix: "Choose a destination that can be written: a base blob on a primary endpoint, or a file without the attribute ReadOnly (options.file.ignoreReadOnly writes over one)",
    retryable: false,
  },
  "destination-deleted": {
    fix: "Find out who deleted the destination while it was copied onto, then start again",
    retryable: true,
  },
  superseded: {
    fix: "Look at the destination: somebody else wrote it or started another copy onto it",
    retryable: true,
  },
  "copy-timed-out": {
    fix: "Start again; Storage gives a copy two weeks. For a very large source copy parts of it",
    retryable: true,
  },
  throttled: { fix: "Start again later; the Storage account is over its limits", retryable: true },
  "not-supported": {
    fix: "Look at Storage's code and message; it refuses this combination of source, destination and options",
    retryable: false,
  },
  internal: {
    fix: "Start again; if it fails in the same way, look for the instance id in the app's log",
    retryable: true,
  },
} as const satisfies Record<string, { fix: string; retryable: boolean }>;

export type Cause = keyof typeof causes;

export type Failure = {
  cause: Cause;
  message: string;
  fix: string;
  retryable: boolean;
  /** Storage's own answer, where there was one; `status` is 0 when no answer came. */
  storage: { status: number; code: string | null } | null;
};

/** A failure of this cause. `message` says action, reason and the value at hand, never a secret. */
export function failure(
  cause: Cause,
  message: string,
  storage: Failure["storage"] = null,
): Failure {
  return { cause, message, ...causes[cause], storage };
}
