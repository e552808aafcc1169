/* Generated from src/http/openapi/openapi.json by "npm run client". Do not edit. */

export interface paths {
    "/copies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List copies, newest first */
        get: operations["listCopies"];
        put?: never;
        /** Start a copy, or plan it */
        post: operations["startCopy"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/copies/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a copy */
        get: operations["getCopy"];
        put?: never;
        post?: never;
        /** Delete a copy that has ended */
        delete: operations["deleteCopy"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/copies/{id}/abort": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Abort a copy */
        post: operations["abortCopy"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/copies/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Start a copy with the request of one that has ended */
        post: operations["retryCopy"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/copies/{id}/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read what happened to a copy */
        get: operations["getTimeline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List jobs, newest first */
        get: operations["listJobs"];
        put?: never;
        /** Copy all selected blobs of a container or folder, or plan it */
        post: operations["startJob"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a job */
        get: operations["getJob"];
        put?: never;
        post?: never;
        /** Delete a job that has ended */
        delete: operations["deleteJob"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/abort": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Abort a job */
        post: operations["abortJob"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pause a job */
        post: operations["pauseJob"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Resume a paused job */
        post: operations["resumeJob"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Start a planned job, which copies the objects of its plan */
        post: operations["startPlannedJob"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read whether the settings are valid */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read this document */
        get: operations["getDocument"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** Copy request */
        CopyRequest: {
            source: string;
            destination: string;
            options?: {
                /** @enum {string} */
                overwrite?: "fail" | "skip" | "if-newer" | "always";
                /** @enum {string} */
                ifBusy?: "fail" | "wait" | "replace";
                /** @enum {string} */
                rollback?: "off" | "snapshot";
                /** @enum {string} */
                tier?: "Hot" | "Cool" | "Cold" | "Archive" | "Smart" | "P4" | "P6" | "P10" | "P15" | "P20" | "P30" | "P40" | "P50" | "P60" | "P70" | "P80";
                /** @enum {string} */
                rehydratePriority?: "High" | "Standard";
                metadata?: {
                    [key: string]: string;
                };
                tags?: {
                    [key: string]: string;
                } | "source";
                sealBlob?: boolean;
                immutabilityPolicy?: {
                    until: string;
                    /** @enum {string} */
                    mode: "Unlocked" | "Locked";
                };
                legalHold?: boolean;
                sourceConditions?: {
                    ifMatch?: string;
                    ifNoneMatch?: string;
                    ifModifiedSince?: string;
                    ifUnmodifiedSince?: string;
                    ifTags?: string;
                };
                destinationConditions?: {
                    ifMatch?: string;
                    ifNoneMatch?: string;
                    ifModifiedSince?: string;
                    ifUnmodifiedSince?: string;
                    ifTags?: string;
                };
                /** @enum {string} */
                sourceLease?: "off" | "hold";
                /** Format: uuid */
                destinationLease?: string;
                file?: {
                    permission?: "source" | {
                        sddl: string;
                    } | {
                        /** Format: base64 */
                        binary: string;
                    } | {
                        key: string;
                    };
                    ignoreReadOnly?: boolean;
                    attributes?: ("source" | "none") | ("ReadOnly" | "Hidden" | "System" | "Archive" | "Temporary" | "Offline" | "NotContentIndexed" | "NoScrubData")[];
                    creationTime?: "source" | string;
                    lastWriteTime?: "source" | string;
                    changeTime?: "source" | string;
                    setArchive?: boolean;
                    owner?: "source" | {
                        user: string;
                        group: string;
                    };
                    mode?: "source" | string;
                };
            };
            dryRun?: boolean;
        } | {
            source: string;
            route: string;
            options?: {
                /** @enum {string} */
                overwrite?: "fail" | "skip" | "if-newer" | "always";
                /** @enum {string} */
                ifBusy?: "fail" | "wait" | "replace";
                /** @enum {string} */
                rollback?: "off" | "snapshot";
                /** @enum {string} */
                tier?: "Hot" | "Cool" | "Cold" | "Archive" | "Smart" | "P4" | "P6" | "P10" | "P15" | "P20" | "P30" | "P40" | "P50" | "P60" | "P70" | "P80";
                /** @enum {string} */
                rehydratePriority?: "High" | "Standard";
                metadata?: {
                    [key: string]: string;
                };
                tags?: {
                    [key: string]: string;
                } | "source";
                sealBlob?: boolean;
                immutabilityPolicy?: {
                    until: string;
                    /** @enum {string} */
                    mode: "Unlocked" | "Locked";
                };
                legalHold?: boolean;
                sourceConditions?: {
                    ifMatch?: string;
                    ifNoneMatch?: string;
                    ifModifiedSince?: string;
                    ifUnmodifiedSince?: string;
                    ifTags?: string;
                };
                destinationConditions?: {
                    ifMatch?: string;
                    ifNoneMatch?: string;
                    ifModifiedSince?: string;
                    ifUnmodifiedSince?: string;
                    ifTags?: string;
                };
                /** @enum {string} */
                sourceLease?: "off" | "hold";
                /** Format: uuid */
                destinationLease?: string;
                file?: {
                    permission?: "source" | {
                        sddl: string;
                    } | {
                        /** Format: base64 */
                        binary: string;
                    } | {
                        key: string;
                    };
                    ignoreReadOnly?: boolean;
                    attributes?: ("source" | "none") | ("ReadOnly" | "Hidden" | "System" | "Archive" | "Temporary" | "Offline" | "NotContentIndexed" | "NoScrubData")[];
                    creationTime?: "source" | string;
                    lastWriteTime?: "source" | string;
                    changeTime?: "source" | string;
                    setArchive?: boolean;
                    owner?: "source" | {
                        user: string;
                        group: string;
                    };
                    mode?: "source" | string;
                };
            };
            dryRun?: boolean;
        };
        /** Copy */
        Copy: {
            /**
             * Format: uuid
             * @description Ferry's id of the copy
             */
            id: string;
            /** @enum {string} */
            status: "queued" | "copying" | "aborting" | "succeeded" | "skipped" | "failed" | "aborted";
            /** @description The copy that this one repeats */
            retryOf: string | null;
            /** @description A URL without a SAS */
            source: string;
            /** @description A URL without a SAS */
            destination: string;
            copyId: string | null;
            copyStatus: ("pending" | "success" | "failed" | "aborted") | null;
            abortRequested: boolean;
            progress: {
                bytesCopied: number;
                totalBytes: number;
                percent: number;
                bytesPerSecond: number | null;
                estimatedCompletion: string | null;
                /** @description When Ferry last polled */
                readAt: string | null;
            } | null;
            /** @description Polls so far */
            statusReads: number;
            nextReadAt: string | null;
            warning: string | null;
            /** Format: date-time */
            createdAt: string;
            startedAt: string | null;
            completedAt: string | null;
            /** @description Storage's completion time */
            copyCompletedAt: string | null;
            /** Format: date-time */
            lastUpdatedAt: string;
            error: {
                /**
                 * @description Why the copy failed
                 * @enum {string}
                 */
                cause: "not-allowed" | "source-not-found" | "source-unauthorized" | "source-sas-expired" | "source-sas-not-yet-valid" | "source-changed" | "source-archived" | "source-unreadable" | "source-leased" | "condition-not-met" | "source-copy-pending" | "source-copy-failed" | "destination-not-found" | "destination-unauthorized" | "destination-exists" | "destination-type-mismatch" | "destination-leased" | "destination-locked" | "destination-archived" | "destination-busy" | "destination-immutable" | "destination-read-only" | "destination-deleted" | "superseded" | "copy-timed-out" | "throttled" | "not-supported" | "internal";
                message: string;
                /** @description What a person can do about it */
                fix: string;
                /** @description The same request may succeed later */
                retryable: boolean;
                /** @description Storage's response; status 0 means none */
                storage: {
                    status: number;
                    code: string | null;
                } | null;
            } | null;
            /** @description Why the copy was skipped */
            reason: string | null;
            /** @description Sentences that state what Ferry could not clean up */
            residue: string[];
            links: {
                /** @description A path of this app */
                self: string;
                /** @description A path of this app */
                abort: string;
                /** @description A path of this app */
                retry: string;
                /** @description A path of this app */
                timeline: string;
            };
        };
        /** Copy plan */
        CopyPlan: {
            /** @constant */
            dryRun: true;
            /** @description A URL without a SAS */
            source: string;
            /** @description A URL without a SAS */
            destination: string;
            route: string | null;
            options: {
                /** @enum {string} */
                overwrite: "fail" | "skip" | "if-newer" | "always";
                /** @enum {string} */
                ifBusy: "fail" | "wait" | "replace";
                /** @enum {string} */
                rollback: "off" | "snapshot";
                tier: ("Hot" | "Cool" | "Cold" | "Archive" | "Smart" | "P4" | "P6" | "P10" | "P15" | "P20" | "P30" | "P40" | "P50" | "P60" | "P70" | "P80") | null;
                rehydratePriority: ("High" | "Standard") | null;
                metadata: {
                    [key: string]: string;
                } | null;
                tags: {
                    [key: string]: string;
                } | "source" | null;
                sealBlob: boolean;
                immutabilityPolicy: {
                    until: string;
                    /** @enum {string} */
                    mode: "Unlocked" | "Locked";
                } | null;
                legalHold: boolean;
                sourceConditions: {
                    ifMatch?: string;
                    ifNoneMatch?: string;
                    ifModifiedSince?: string;
                    ifUnmodifiedSince?: string;
                    ifTags?: string;
                } | null;
                destinationConditions: {
                    ifMatch?: string;
                    ifNoneMatch?: string;
                    ifModifiedSince?: string;
                    ifUnmodifiedSince?: string;
                    ifTags?: string;
                } | null;
                /** @enum {string} */
                sourceLease: "off" | "hold";
                destinationLease: string | null;
                file: {
                    permission?: "source" | {
                        sddl: string;
                    } | {
                        /** Format: base64 */
                        binary: string;
                    } | {
                        key: string;
                    };
                    ignoreReadOnly?: boolean;
                    attributes?: ("source" | "none") | ("ReadOnly" | "Hidden" | "System" | "Archive" | "Temporary" | "Offline" | "NotContentIndexed" | "NoScrubData")[];
                    creationTime?: "source" | string;
                    lastWriteTime?: "source" | string;
                    changeTime?: "source" | string;
                    setArchive?: boolean;
                    owner?: "source" | {
                        user: string;
                        group: string;
                    };
                    mode?: "source" | string;
                } | null;
            };
            reads: {
                operation: string;
                /** @description A URL without a SAS */
                url: string;
                /** @enum {string} */
                authorization: "request-sas" | "minted-sas" | "app-identity" | "none";
                /** @description Null if the call is always made */
                when: string | null;
            }[];
            writes: {
                operation: string;
                /** @description A URL without a SAS */
                url: string;
                /** @enum {string} */
                authorization: "request-sas" | "minted-sas" | "app-identity" | "none";
                /** @description Null if the call is always made */
                when: string | null;
            }[];
            mints: {
                /** @description A URL without a SAS */
                url: string;
                permissions: string;
                validDays: number;
            }[];
            conditions: string[];
            notCarried: {
                what: string;
                option: string | null;
            }[];
        };
        /** Problem (RFC 9457) */
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            /** @description What a person can do about it */
            fix: string;
            errors?: {
                /** @description JSON pointer (RFC 6901) */
                pointer: string;
                message: string;
            }[];
        };
        /** Copy page */
        CopyPage: {
            items: {
                /**
                 * Format: uuid
                 * @description Ferry's id of the copy
                 */
                id: string;
                /** @enum {string} */
                status: "queued" | "copying" | "aborting" | "succeeded" | "skipped" | "failed" | "aborted";
                /** @description A URL without a SAS */
                source: string;
                /** @description A URL without a SAS */
                destination: string;
                /** Format: date-time */
                createdAt: string;
                completedAt: string | null;
                cause: ("not-allowed" | "source-not-found" | "source-unauthorized" | "source-sas-expired" | "source-sas-not-yet-valid" | "source-changed" | "source-archived" | "source-unreadable" | "source-leased" | "condition-not-met" | "source-copy-pending" | "source-copy-failed" | "destination-not-found" | "destination-unauthorized" | "destination-exists" | "destination-type-mismatch" | "destination-leased" | "destination-locked" | "destination-archived" | "destination-busy" | "destination-immutable" | "destination-read-only" | "destination-deleted" | "superseded" | "copy-timed-out" | "throttled" | "not-supported" | "internal") | null;
                /** @description Bytes that Storage has copied */
                bytes: number | null;
                /** @description While the copy runs */
                progress: {
                    bytesCopied: number;
                    totalBytes: number;
                    percent: number;
                    bytesPerSecond: number | null;
                    estimatedCompletion: string | null;
                    /** @description When Ferry last polled */
                    readAt: string | null;
                } | null;
                links: {
                    /** @description A path of this app */
                    self: string;
                    /** @description A path of this app */
                    abort: string;
                    /** @description A path of this app */
                    retry: string;
                    /** @description A path of this app */
                    timeline: string;
                };
            }[];
            /** @description Repeat the request with this cursor; null on the last page */
            nextCursor: string | null;
        };
        /** Copy timeline */
        CopyTimeline: {
            /**
             * Format: uuid
             * @description Ferry's id of the copy
             */
            id: string;
            /** @enum {string} */
            source: "history" | "ledger";
            entries: {
                /** Format: date-time */
                at: string;
                /** @enum {string} */
                step: "requested" | "start" | "read" | "wait" | "woken" | "abort-requested" | "abort" | "settle" | "notify" | "failed-step" | "suspended" | "resumed" | "terminated" | "ended";
                until: string | null;
                byRepair: boolean;
            }[];
            links: {
                /** @description A path of this app */
                copy: string;
            };
        };
        /** Job request */
        JobRequest: {
            source: string;
            destination: string;
            select?: {
                include?: string[];
                exclude?: string[];
                modifiedFrom?: string;
                modifiedTo?: string;
                minSize?: number;
                maxSize?: number;
                types?: ("BlockBlob" | "PageBlob" | "AppendBlob")[];
            };
            options?: {
                /** @enum {string} */
                overwrite?: "fail" | "skip" | "if-newer" | "always";
                /** @enum {string} */
                tier?: "Hot" | "Cool" | "Cold" | "Archive" | "Smart" | "P4" | "P6" | "P10" | "P15" | "P20" | "P30" | "P40" | "P50" | "P60" | "P70" | "P80";
                /** @enum {string} */
                rehydratePriority?: "High" | "Standard";
                metadata?: {
                    [key: string]: string;
                };
                tags?: {
                    [key: string]: string;
                } | "source";
                sealBlob?: boolean;
                immutabilityPolicy?: {
                    until: string;
                    /** @enum {string} */
                    mode: "Unlocked" | "Locked";
                };
                legalHold?: boolean;
            };
            concurrency?: number;
            maxFailures?: number;
            report?: string;
            dryRun?: boolean;
        };
        /** Job */
        Job: {
            /**
             * Format: uuid
             * @description Ferry's id of the job
             */
            id: string;
            /** @enum {string} */
            status: "planning" | "planned" | "running" | "pausing" | "paused" | "aborting" | "succeeded" | "failed" | "aborted";
            /** @description A URL without a SAS; it ends in a slash */
            source: string;
            /** @description A URL without a SAS; it ends in a slash */
            destination: string;
            select: {
                /** @description Empty: every name */
                readonly include: string[];
                readonly exclude: string[];
                modifiedFrom: string | null;
                modifiedTo: string | null;
                minSize: number | null;
                maxSize: number | null;
                /** @description Empty: every type */
                readonly types: ("BlockBlob" | "PageBlob" | "AppendBlob")[];
            };
            options: {
                /** @enum {string} */
                overwrite: "fail" | "skip" | "if-newer" | "always";
                tier: ("Hot" | "Cool" | "Cold" | "Archive" | "Smart" | "P4" | "P6" | "P10" | "P15" | "P20" | "P30" | "P40" | "P50" | "P60" | "P70" | "P80") | null;
                rehydratePriority: ("High" | "Standard") | null;
                metadata: {
                    [key: string]: string;
                } | null;
                tags: ({
                    [key: string]: string;
                } | null) | "source";
                sealBlob: boolean;
                immutabilityPolicy: {
                    until: string;
                    /** @enum {string} */
                    mode: "Unlocked" | "Locked";
                } | null;
                legalHold: boolean;
            };
            /** @description The maximum number of concurrent calls to Storage */
            concurrency: number;
            /** @description Null: no limit */
            maxFailures: number | null;
            /** @description The folder of the report */
            report: string | null;
            objects: {
                /** @description In the pages that are planned so far; see isPlanned */
                planned: number;
                /** @description Left out by select; not included in planned */
                leftOut: number;
                copied: number;
                /** @description Storage is copying them */
                pending: number;
                skipped: number;
                failed: number;
                aborted: number;
                /** @description The job ended before it started them */
                notStarted: number;
                remaining: number;
            };
            bytes: {
                planned: number;
                copied: number;
            };
            /** @description In the last two minutes */
            rate: {
                objectsPerSecond: number;
                bytesPerSecond: number;
            } | null;
            estimatedCompletion: string | null;
            /** @description All pages are planned */
            isPlanned: boolean;
            failedByCause: {
                [key: string]: number;
            };
            /** @description The first 20 failed objects */
            failures: {
                /** @description The blob's name below the source */
                name: string;
                /** @enum {string} */
                cause: "not-allowed" | "source-not-found" | "source-unauthorized" | "source-sas-expired" | "source-sas-not-yet-valid" | "source-changed" | "source-archived" | "source-unreadable" | "source-leased" | "condition-not-met" | "source-copy-pending" | "source-copy-failed" | "destination-not-found" | "destination-unauthorized" | "destination-exists" | "destination-type-mismatch" | "destination-leased" | "destination-locked" | "destination-archived" | "destination-busy" | "destination-immutable" | "destination-read-only" | "destination-deleted" | "superseded" | "copy-timed-out" | "throttled" | "not-supported" | "internal";
                message: string;
                /** @description What a person can do about it */
                fix: string;
            }[];
            /** @description The number of copies that lack a property of their source */
            notCarried: {
                [key: string]: number;
            };
            throttling: {
                /** @description Calls that Storage did not serve because it was busy */
                calls: number;
                lastAt: string | null;
                /** @description The current maximum of concurrent calls */
                concurrency: number;
                pausedUntil: string | null;
            } | null;
            /** @description Why the job makes no progress now */
            warning: string | null;
            /** @description Why nothing was planned */
            reason: string | null;
            error: {
                /**
                 * @description Why the job failed
                 * @enum {string}
                 */
                cause: "not-allowed" | "source-not-found" | "source-unauthorized" | "source-sas-expired" | "source-sas-not-yet-valid" | "source-changed" | "source-archived" | "source-unreadable" | "source-leased" | "condition-not-met" | "source-copy-pending" | "source-copy-failed" | "destination-not-found" | "destination-unauthorized" | "destination-exists" | "destination-type-mismatch" | "destination-leased" | "destination-locked" | "destination-archived" | "destination-busy" | "destination-immutable" | "destination-read-only" | "destination-deleted" | "superseded" | "copy-timed-out" | "throttled" | "not-supported" | "internal" | "objects-failed" | "too-many-failures" | "report-not-written";
                message: string;
                /** @description What a person can do about it */
                fix: string;
                /** @description The same request may succeed later */
                retryable: boolean;
                /** @description Storage's response; status 0 means none */
                storage: {
                    status: number;
                    code: string | null;
                } | null;
            } | null;
            /** Format: date-time */
            createdAt: string;
            startedAt: string | null;
            completedAt: string | null;
            /** Format: date-time */
            lastUpdatedAt: string;
            links: {
                /** @description A path of this app */
                self: string;
                /** @description A path of this app */
                abort: string;
                /** @description A path of this app */
                pause: string;
                /** @description A path of this app */
                resume: string;
                /** @description A path of this app */
                start: string;
            };
        };
        /** Job page */
        JobPage: {
            items: {
                /**
                 * Format: uuid
                 * @description Ferry's id of the job
                 */
                id: string;
                /** @enum {string} */
                status: "planning" | "planned" | "running" | "pausing" | "paused" | "aborting" | "succeeded" | "failed" | "aborted";
                /** @description A URL without a SAS; it ends in a slash */
                source: string;
                /** @description A URL without a SAS; it ends in a slash */
                destination: string;
                /** Format: date-time */
                createdAt: string;
                completedAt: string | null;
                objects: {
                    planned: number;
                    copied: number;
                    failed: number;
                };
                links: {
                    /** @description A path of this app */
                    self: string;
                    /** @description A path of this app */
                    abort: string;
                    /** @description A path of this app */
                    pause: string;
                    /** @description A path of this app */
                    resume: string;
                    /** @description A path of this app */
                    start: string;
                };
            }[];
            /** @description Repeat the request with this cursor; null on the last page */
            nextCursor: string | null;
        };
        /** Health */
        Health: {
            /** @constant */
            status: "ok";
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listCopies: {
        parameters: {
            query?: {
                status?: "running" | "succeeded" | "skipped" | "failed" | "aborted";
                source?: string;
                destination?: string;
                limit?: number;
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CopyPage"];
                };
            };
            400: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: {
                headers: {
                    "Cache-Control"?: string;
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    startCopy: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CopyRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Copy"] | components["schemas"]["CopyPlan"];
                };
            };
            202: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Copy"];
                };
            };
            400: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: {
                headers: {
                    "Cache-Control"?: string;
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            403: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            410: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            411: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            415: {
                headers: {
                    "Cache-Control"?: string;
                    Accept?: string;
                    "Accept-Encoding"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getCopy: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: string;
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Copy"];
                };
            };
            304: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: {
                headers: {
                    "Cache-Control"?: string;
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteCopy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: {
                headers: {
                    "Cache-Control"?: string;
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    abortCopy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Copy"];
                };
            };
            202: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Retry-After"?: number;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Copy"];
                };
            };
            400: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: {
                headers: {
                    "Cache-Control"?: string;
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            411: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            415: {
                headers: {
                    "Cache-Control"?: string;
                    Accept?: string;
                    "Accept-Encoding"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    retryCopy: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Copy"];
                };
            };
            202: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Copy"];
                };
            };
            400: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: {
                headers: {
                    "Cache-Control"?: string;
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            403: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            410: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            411: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            415: {
                headers: {
                    "Cache-Control"?: string;
                    Accept?: string;
                    "Accept-Encoding"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getTimeline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CopyTimeline"];
                };
            };
            401: {
                headers: {
                    "Cache-Control"?: string;
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listJobs: {
        parameters: {
            query?: {
                status?: "planning" | "planned" | "running" | "pausing" | "paused" | "aborting" | "succeeded" | "failed" | "aborted";
                limit?: number;
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobPage"];
                };
            };
            400: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: {
                headers: {
                    "Cache-Control"?: string;
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    startJob: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["JobRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            202: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            400: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: {
                headers: {
                    "Cache-Control"?: string;
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            403: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            410: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            411: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            415: {
                headers: {
                    "Cache-Control"?: string;
                    Accept?: string;
                    "Accept-Encoding"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getJob: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: string;
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            304: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: {
                headers: {
                    "Cache-Control"?: string;
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: {
                headers: {
                    "Cache-Control"?: string;
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    abortJob: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            202: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            400: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: {
                headers: {
                    "Cache-Control"?: string;
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            411: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            415: {
                headers: {
                    "Cache-Control"?: string;
                    Accept?: string;
                    "Accept-Encoding"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pauseJob: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            202: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            400: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: {
                headers: {
                    "Cache-Control"?: string;
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            411: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            415: {
                headers: {
                    "Cache-Control"?: string;
                    Accept?: string;
                    "Accept-Encoding"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resumeJob: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            202: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            400: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: {
                headers: {
                    "Cache-Control"?: string;
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            411: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            415: {
                headers: {
                    "Cache-Control"?: string;
                    Accept?: string;
                    "Accept-Encoding"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    startPlannedJob: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    "Cache-Control"?: string;
                    Vary?: "Prefer";
                    "Preference-Applied"?: string;
                    "Retry-After"?: number;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            400: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: {
                headers: {
                    "Cache-Control"?: string;
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            403: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            411: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            415: {
                headers: {
                    "Cache-Control"?: string;
                    Accept?: string;
                    "Accept-Encoding"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    "Cache-Control"?: string;
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            503: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getDocument: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
