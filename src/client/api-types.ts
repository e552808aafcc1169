/* Generated from src/http/openapi/openapi.json by "npm run client". Do not edit. */

export interface paths {
    "/copies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List copies, the newest first
         * @description A page can be short or empty although others follow: go on while there is a nextCursor.
         */
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
        /**
         * Forget a copy that has ended
         * @description What was copied stays.
         */
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
                /** @description When Ferry polled last */
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
            /** @description Storage's own completion time */
            copyCompletedAt: string | null;
            /** Format: date-time */
            lastUpdatedAt: string;
            error: {
                /**
                 * @description Why the copy failed
                 * @enum {string}
                 */
                cause: "not-allowed" | "source-not-found" | "source-unauthorized" | "source-sas-expired" | "source-sas-not-yet-valid" | "source-changed" | "source-archived" | "source-unreadable" | "source-leased" | "condition-not-met" | "source-copy-pending" | "destination-not-found" | "destination-unauthorized" | "destination-exists" | "destination-type-mismatch" | "destination-leased" | "destination-locked" | "destination-archived" | "destination-busy" | "destination-immutable" | "destination-read-only" | "destination-deleted" | "superseded" | "copy-timed-out" | "throttled" | "not-supported" | "internal";
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
            /** @description What could not be cleaned up */
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
                cause: ("not-allowed" | "source-not-found" | "source-unauthorized" | "source-sas-expired" | "source-sas-not-yet-valid" | "source-changed" | "source-archived" | "source-unreadable" | "source-leased" | "condition-not-met" | "source-copy-pending" | "destination-not-found" | "destination-unauthorized" | "destination-exists" | "destination-type-mismatch" | "destination-leased" | "destination-locked" | "destination-archived" | "destination-busy" | "destination-immutable" | "destination-read-only" | "destination-deleted" | "superseded" | "copy-timed-out" | "throttled" | "not-supported" | "internal") | null;
                /** @description Bytes that Storage has copied */
                bytes: number | null;
                /** @description While the copy runs */
                progress: {
                    bytesCopied: number;
                    totalBytes: number;
                    percent: number;
                    bytesPerSecond: number | null;
                    estimatedCompletion: string | null;
                    /** @description When Ferry polled last */
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
                /** @description Only copies with this status */
                status?: "running" | "succeeded" | "skipped" | "failed" | "aborted";
                /** @description The beginning of the source's URL */
                source?: string;
                /** @description The beginning of the destination's URL */
                destination?: string;
                /** @description Copies in a page */
                limit?: number;
                /** @description The nextCursor of a page with the same filters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of copies */
            200: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CopyPage"];
                };
            };
            /** @description A parameter is not valid */
            400: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The caller has not signed in; the host's own 401 has no body */
            401: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Bearer */
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The app has failed; its log has the error */
            500: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The app cannot serve the request now */
            503: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Seconds */
                    "Retry-After"?: number;
                    /** @description The URL of the copy */
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
                /** @description The same key with the same request starts one copy */
                "Idempotency-Key"?: string;
                /** @description wait=N holds the response until the copy has ended, for at most N seconds (1 to 20) */
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
            /** @description The copy that an earlier request with the same key started, or the plan of a dry run */
            200: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Always Prefer */
                    Vary?: "Prefer";
                    /** @description wait=N, if the request was held */
                    "Preference-Applied"?: string;
                    /** @description Seconds */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Copy"] | components["schemas"]["CopyPlan"];
                };
            };
            /** @description The copy was started */
            202: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Always Prefer */
                    Vary?: "Prefer";
                    /** @description wait=N, if the request was held */
                    "Preference-Applied"?: string;
                    /** @description Seconds */
                    "Retry-After"?: number;
                    /** @description The URL of the copy */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Copy"];
                };
            };
            /** @description The request is not valid */
            400: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The caller has not signed in; the host's own 401 has no body */
            401: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Bearer */
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The settings do not allow this copy */
            403: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The Idempotency-Key belongs to another request */
            409: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The copy of this Idempotency-Key was deleted */
            410: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body came in chunks and was lost */
            411: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not plain JSON */
            415: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description The type to send */
                    Accept?: string;
                    /** @description The coding to send */
                    "Accept-Encoding"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The app has failed; its log has the error */
            500: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The app cannot serve the request now */
            503: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Seconds */
                    "Retry-After"?: number;
                    /** @description The URL of the copy */
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
                /** @description wait=N holds the response until the copy has ended, for at most N seconds (1 to 20) */
                Prefer?: string;
                /** @description The ETag of an earlier response */
                "If-None-Match"?: string;
            };
            path: {
                /** @description The id of the copy */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The copy */
            200: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Always Prefer */
                    Vary?: "Prefer";
                    /** @description wait=N, if the request was held */
                    "Preference-Applied"?: string;
                    /** @description Seconds */
                    "Retry-After"?: number;
                    /** @description Changes with the body */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Copy"];
                };
            };
            /** @description The copy has not changed */
            304: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Always Prefer */
                    Vary?: "Prefer";
                    /** @description wait=N, if the request was held */
                    "Preference-Applied"?: string;
                    /** @description Seconds */
                    "Retry-After"?: number;
                    /** @description Changes with the body */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The caller has not signed in; the host's own 401 has no body */
            401: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Bearer */
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such copy, or it is another caller's */
            404: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The app has failed; its log has the error */
            500: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The app cannot serve the request now */
            503: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Seconds */
                    "Retry-After"?: number;
                    /** @description The URL of the copy */
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
                /** @description The id of the copy */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The copy is forgotten */
            204: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The caller has not signed in; the host's own 401 has no body */
            401: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Bearer */
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such copy, or it is another caller's */
            404: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The copy has not ended */
            409: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Seconds */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The app has failed; its log has the error */
            500: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The app cannot serve the request now */
            503: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Seconds */
                    "Retry-After"?: number;
                    /** @description The URL of the copy */
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
                /** @description The id of the copy */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The copy is aborted */
            200: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Always Prefer */
                    Vary?: "Prefer";
                    /** @description wait=N, if the request was held */
                    "Preference-Applied"?: string;
                    /** @description Seconds */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Copy"];
                };
            };
            /** @description The abort was requested */
            202: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Always Prefer */
                    Vary?: "Prefer";
                    /** @description wait=N, if the request was held */
                    "Preference-Applied"?: string;
                    /** @description Seconds */
                    "Retry-After"?: number;
                    /** @description The URL of the copy */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Copy"];
                };
            };
            /** @description The request is not valid */
            400: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The caller has not signed in; the host's own 401 has no body */
            401: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Bearer */
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such copy, or it is another caller's */
            404: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The copy has ended in another way */
            409: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body came in chunks and was lost */
            411: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not plain JSON */
            415: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description The type to send */
                    Accept?: string;
                    /** @description The coding to send */
                    "Accept-Encoding"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The app has failed; its log has the error */
            500: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The app cannot serve the request now */
            503: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Seconds */
                    "Retry-After"?: number;
                    /** @description The URL of the copy */
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
                /** @description The same key with the same request starts one copy */
                "Idempotency-Key"?: string;
                /** @description wait=N holds the response until the copy has ended, for at most N seconds (1 to 20) */
                Prefer?: string;
            };
            path: {
                /** @description The id of the copy */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The retry that an earlier request with the same key started */
            200: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Always Prefer */
                    Vary?: "Prefer";
                    /** @description wait=N, if the request was held */
                    "Preference-Applied"?: string;
                    /** @description Seconds */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Copy"];
                };
            };
            /** @description The new copy was started */
            202: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Always Prefer */
                    Vary?: "Prefer";
                    /** @description wait=N, if the request was held */
                    "Preference-Applied"?: string;
                    /** @description Seconds */
                    "Retry-After"?: number;
                    /** @description The URL of the copy */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Copy"];
                };
            };
            /** @description The request is not valid */
            400: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The caller has not signed in; the host's own 401 has no body */
            401: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Bearer */
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The settings no longer allow this copy */
            403: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such copy, or it is another caller's */
            404: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The copy has not ended, or its SAS can no longer be used */
            409: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The copy of this Idempotency-Key was deleted */
            410: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body came in chunks and was lost */
            411: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large */
            413: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not plain JSON */
            415: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description The type to send */
                    Accept?: string;
                    /** @description The coding to send */
                    "Accept-Encoding"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The app has failed; its log has the error */
            500: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The app cannot serve the request now */
            503: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Seconds */
                    "Retry-After"?: number;
                    /** @description The URL of the copy */
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
                /** @description The id of the copy */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The timeline of the copy */
            200: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CopyTimeline"];
                };
            };
            /** @description The caller has not signed in; the host's own 401 has no body */
            401: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Bearer */
                    "Www-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such copy, or it is another caller's */
            404: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The app has failed; its log has the error */
            500: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The app cannot serve the request now */
            503: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    /** @description Seconds */
                    "Retry-After"?: number;
                    /** @description The URL of the copy */
                    Location?: string;
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
            /** @description The settings are valid */
            200: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description The settings are wrong */
            503: {
                headers: {
                    /** @description Whether a cache may store it */
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
            /** @description This document */
            200: {
                headers: {
                    /** @description Whether a cache may store it */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
