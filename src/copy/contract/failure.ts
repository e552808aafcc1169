/**
 * The causes of failed copies. Each has a fix that a person can apply; `retryable` is true when the same
 * request may succeed later without it.
 */
export const causes = {
  "not-allowed": {
    fix: "Add a pair to COPY_ALLOWED, or a route to COPY_ROUTES, that allows this copy and grants its options, then start it again",
    retryable: false,
  },
  "source-not-found": {
    fix: "Check the source URL: the blob or file, or its container or share, does not exist, or it is not public and the request had no SAS",
    retryable: false,
  },
  "source-unauthorized": {
    fix: "Give the source URL a SAS with read permission, or give this app's identity its roles. For a blob: Storage Blob Data Reader on it (with ifTags, Storage Blob Data Owner) and, unless it goes to a blob of its own account, Storage Blob Delegator on that account. For a file: Storage File Data Privileged Reader on it and Storage File Delegator on its account",
    retryable: false,
  },
  "source-sas-expired": { fix: "Send the request again with a fresh source SAS", retryable: false },
  "source-sas-not-yet-valid": {
    fix: "Send the request again when the SAS is valid, or with a SAS that is already valid",
    retryable: true,
  },
  "source-changed": {
    fix: "Start the copy again when no client is writing to the source",
    retryable: true,
  },
  "source-archived": {
    fix: "Set options.tier to an online tier, so that Storage rehydrates the copy, or rehydrate the source first",
    retryable: false,
  },
  "source-unreadable": {
    fix: "Check the source account: its firewall, private endpoints and permitted copy scope must let the destination's Storage service read it",
    retryable: true,
  },
  "source-leased": {
    fix: 'Release or break the lease on the source, or set options.sourceLease to "off"; a copy can read a leased source',
    retryable: true,
  },
  "condition-not-met": {
    fix: "Check options.sourceConditions and options.destinationConditions, and the blobs; nothing was copied",
    retryable: true,
  },
  "source-copy-pending": {
    fix: "Wait until the copy onto the source has ended, then start again",
    retryable: true,
  },
  "source-copy-failed": {
    fix: "Write or restore the source, or repeat the copy onto it, then start again; a rollback may be about to restore it",
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
    fix: "Delete the destination or choose another name; Storage cannot change a blob's type",
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
    fix: "Delete the destination or set it to an online tier first; Storage cannot overwrite an archived blob",
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
    fix: "Choose a destination that can be written: a base blob on a primary endpoint, or a file without the attribute ReadOnly (options.file.ignoreReadOnly overwrites one that has it)",
    retryable: false,
  },
  "destination-deleted": {
    fix: "Find out which client deleted the destination during the copy, then start again",
    retryable: true,
  },
  superseded: {
    fix: "Check the destination: another client wrote it, or started or aborted a copy onto it",
    retryable: true,
  },
  "copy-timed-out": {
    fix: "Start again; Storage allows a copy two weeks. Copy a very large source in parts",
    retryable: true,
  },
  throttled: {
    fix: "Start again later; the Storage account exceeds its limits",
    retryable: true,
  },
  "not-supported": {
    fix: "Check Storage's status and code; Storage refuses this combination of source, destination and options",
    retryable: false,
  },
  internal: {
    fix: "Start again; if it fails in the same way, search the app's log for the instance id",
    retryable: true,
  },
} as const satisfies Record<string, { fix: string; retryable: boolean }>;

export type Cause = keyof typeof causes;

export type Failure = {
  cause: Cause;
  message: string;
  fix: string;
  retryable: boolean;
  /** Storage's error response; `status` is 0 when there was no response. Null when Storage was not the cause. */
  storage: { status: number; code: string | null } | null;
};

/** Builds a failure of this cause. `message` states the action, the reason and the value, never a secret. */
export function failure(
  cause: Cause,
  message: string,
  storage: Failure["storage"] = null,
): Failure {
  return { cause, message, ...causes[cause], storage };
}
