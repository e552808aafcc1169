import { expect, test } from "vitest";
import { isFinal, parseProgress } from "../../../../src/copy/contract/copy-status.ts";
import { causes } from "../../../../src/copy/contract/failure.ts";
import { interpretStatus } from "../../../../src/copy/decisions/read-status.ts";
import { Sas } from "../../../../src/copy/location/sas.ts";
import type { DestinationProperties } from "../../../../src/copy/contract/properties.ts";
import { classifyError, storageErrors } from "../../../../src/copy/decisions/storage-errors.ts";
import type {
  StorageCallName,
  StorageErrorResponse,
} from "../../../../src/copy/decisions/storage-errors.ts";
import { toCopyId } from "../../../../src/copy/contract/ids.ts";
import { epochMs, plusMs } from "../../../../src/copy/time.ts";
import type { EpochMs } from "../../../../src/copy/time.ts";

const now = epochMs(Date.UTC(2026, 10, 20));
const response = (given: Partial<StorageErrorResponse>): StorageErrorResponse => ({
  status: 400,
  code: null,
  sourceStatus: null,
  sourceCode: null,
  retryAfterSeconds: null,
  ...given,
});
const classify = (
  call: StorageCallName,
  given: Partial<StorageErrorResponse>,
  sas: string | null = null,
) =>
  classifyError(call, response(given), {
    action: "copy",
    sas: sas === null ? null : new Sas(sas),
    now,
  });

/** Storage's documented responses, and the verdict for each. */
test.each<[StorageCallName, Partial<StorageErrorResponse>, string, string]>([
  ["read-source", { status: 404, code: "BlobNotFound" }, "permanent", "source-not-found"],
  [
    "read-source",
    { status: 403, code: "AuthorizationFailure" },
    "permanent",
    "source-unauthorized",
  ],
  [
    "read-source",
    { status: 401, code: "NoAuthenticationInformation" },
    "permanent",
    "source-unauthorized",
  ],
  [
    "read-source",
    { status: 409, code: "PublicAccessNotPermitted" },
    "permanent",
    "source-unauthorized",
  ],
  ["read-source", { status: 409, code: "BlobArchived" }, "permanent", "source-unreadable"],
  ["start", { status: 412, code: "SourceConditionNotMet" }, "stale-plan", "source-changed"],
  ["start", { status: 412, code: "TargetConditionNotMet" }, "stale-plan", "destination-exists"],
  ["start", { status: 412, code: "ConditionNotMet" }, "stale-plan", "destination-exists"],
  ["start", { status: 409, code: "BlobAlreadyExists" }, "stale-plan", "destination-exists"],
  ["start", { status: 409, code: "PendingCopyOperation" }, "stale-plan", "destination-busy"],
  ["start", { status: 404, code: "CannotVerifyCopySource" }, "permanent", "source-not-found"],
  ["start", { status: 403, code: "CannotVerifyCopySource" }, "permanent", "source-unauthorized"],
  ["start", { status: 401, code: "CannotVerifyCopySource" }, "permanent", "source-unauthorized"],
  ["start", { status: 409, code: "CannotVerifyCopySource" }, "permanent", "source-unreadable"],
  ["start", { status: 400, code: "CannotVerifyCopySource" }, "permanent", "source-unreadable"],
  ["start", { status: 412, code: "CannotVerifyCopySource" }, "stale-plan", "source-changed"],
  [
    "start",
    { status: 409, code: "CannotVerifyCopySource", sourceCode: "ServerBusy" },
    "transient",
    "internal",
  ],
  [
    "start",
    { status: 403, sourceStatus: 403, sourceCode: "AuthorizationFailure" },
    "permanent",
    "source-unauthorized",
  ],
  ["start", { status: 409, code: "BlobArchived" }, "permanent", "source-archived"],
  ["start", { status: 409, code: "BlobBeingRehydrated" }, "permanent", "source-archived"],
  ["start", { status: 409, code: "InvalidBlobType" }, "permanent", "destination-type-mismatch"],
  ["start", { status: 412, code: "LeaseIdMissing" }, "permanent", "destination-leased"],
  [
    "start",
    { status: 412, code: "InfiniteLeaseDurationRequired" },
    "permanent",
    "destination-leased",
  ],
  [
    "start",
    { status: 409, code: "BlobImmutableDueToPolicy" },
    "permanent",
    "destination-immutable",
  ],
  ["start", { status: 404, code: "ContainerNotFound" }, "permanent", "destination-not-found"],
  [
    "start",
    { status: 403, code: "UnauthorizedBlobOverwrite" },
    "permanent",
    "destination-unauthorized",
  ],
  [
    "start",
    { status: 403, code: "AuthorizationPermissionMismatch" },
    "permanent",
    "destination-unauthorized",
  ],
  ["start", { status: 400, code: "CopyAcrossAccountsNotSupported" }, "permanent", "not-supported"],
  [
    "read-destination",
    { status: 404, code: "ContainerNotFound" },
    "permanent",
    "destination-not-found",
  ],
  [
    "read-destination",
    { status: 403, code: "AuthorizationFailure" },
    "permanent",
    "destination-unauthorized",
  ],
  ["abort", { status: 412, code: "LeaseIdMissing" }, "permanent", "destination-leased"],
  ["clean-up", { status: 412, code: "LeaseIdMissing" }, "permanent", "destination-leased"],
  ["start", { status: 503, code: "ServerBusy" }, "transient", "throttled"],
  ["start", { status: 429 }, "transient", "throttled"],
  ["start", { status: 500, code: "InternalError" }, "transient", "internal"],
  ["start", { status: 500, code: "CannotVerifyCopySource" }, "transient", "internal"],
  ["read-destination", { status: 0, code: "ECONNRESET" }, "transient", "internal"],
])("%s that gets %o is %s: %s", (call, given, kind, cause) => {
  const verdict = classify(call, given);
  expect([verdict.kind, verdict.failure.cause]).toEqual([kind, cause]);
  expect(verdict.failure.message).toMatch(/^Cannot copy/);
  expect(verdict.failure.fix).toBe(causes[verdict.failure.cause].fix);
});

test("no row of the table is hidden by an earlier row", () => {
  for (const [calls, status, pattern, cause] of storageErrors) {
    const code = pattern?.source.replace(/[\^$()]/g, "").split("|")[0] ?? null;
    for (const call of calls) {
      const given = response({ status: status ?? 409, code });
      const verdict = classifyError(call, given, { action: "copy", sas: null, now });
      expect([call, code, verdict.failure.cause]).toEqual([call, code, cause]);
    }
  }
});

test.each([
  ["sp=r&st=2026-01-01&se=2026-11-19T23:59:59Z&sig=x", "source-sas-expired", /the SAS has expired/],
  [
    "sp=r&st=2026-11-21&se=2026-12-01&sig=x",
    "source-sas-not-yet-valid",
    /the SAS is not valid yet/,
  ],
  ["sp=w&se=2026-12-01&sig=x", "source-unauthorized", /the SAS lacks the permission "r"/],
  ["sp=r&se=2026-12-01&sig=x", "source-unauthorized", /access to the source is denied/],
])("a rejected SAS %s is %s", (sas, cause, says) => {
  for (const [call, code] of [
    ["read-source", "AuthenticationFailed"],
    ["start", "CannotVerifyCopySource"],
  ] as const) {
    const { failure } = classify(call, { status: 403, code }, sas);
    expect(failure.cause).toBe(cause);
    expect(failure.message).toMatch(says);
    expect(JSON.stringify(failure)).not.toContain("sig=");
  }
});

test("an expired destination SAS is reported as such, and not confused with the source's SAS", () => {
  const expired = "sp=racwd&se=2026-11-19&sig=x";
  const rejected = { status: 403, code: "AuthenticationFailed" };
  for (const call of ["read-destination", "abort", "clean-up"] as const) {
    const { failure } = classify(call, rejected, expired);
    expect(failure.cause).toBe("destination-unauthorized");
    expect(failure.message).toMatch(/the SAS has expired/);
    expect(failure.fix).toMatch(/two weeks/);
  }
  const { failure } = classify("start", { status: 403, code: "AuthorizationFailure" }, expired);
  expect(failure.message).not.toContain("SAS expired");
});

const copyId = toCopyId("11111111-1111-1111-1111-111111111111");
const started = { plan: { source: { etag: "1", length: 10 }, destinationEtag: null }, copyId };
const properties = (
  copy: Partial<DestinationProperties["copy"]> | null,
  length = 10,
): DestinationProperties => ({
  etag: "2",
  length,
  lastModified: now,
  blobType: "BlockBlob",
  archived: false,
  metadata: {},
  copy:
    copy === null
      ? null
      : {
          copyId,
          status: "success",
          progress: null,
          description: null,
          completedAt: null,
          source: "",
          ...copy,
        },
});
const readStatusOf = (destination: DestinationProperties | null, sas: string | null = null) =>
  interpretStatus(started, destination, { sas: sas === null ? null : new Sas(sas), now });

test("only our copyId with status success and the planned length counts as success", () => {
  expect(readStatusOf(properties({}))).toMatchObject({
    kind: "success",
    progress: { bytesCopied: 10, totalBytes: 10 },
  });
  expect(readStatusOf(properties({}, 9))).toMatchObject({
    kind: "failed",
    failure: { cause: "source-changed" },
  });
  expect(readStatusOf(properties({ copyId: toCopyId("another") }))).toMatchObject({
    kind: "superseded",
  });
  expect(readStatusOf(properties(null))).toMatchObject({ kind: "superseded" });
  expect(readStatusOf(null)).toMatchObject({
    kind: "gone",
    failure: { cause: "destination-deleted" },
  });
});

test("a superseded copy reports whether the destination's length matches", () => {
  const message = (length: number) => JSON.stringify(readStatusOf(properties(null, length)));
  expect(message(10)).toContain("may have succeeded");
  expect(message(3)).toContain("has 3 bytes, not 10");
});

test("the message about a replaced copy contains only that copy's own copyId", () => {
  const superseded = readStatusOf(properties({ copyId: toCopyId("another-caller") }));
  expect(JSON.stringify(superseded)).toContain("another copy has replaced the destination");
  expect(JSON.stringify(superseded)).not.toContain("another-caller");
});

test.each([
  ['404 ResourceNotFound "Copy failed when reading the source."', "source-not-found"],
  ['403 AuthenticationFailed "Copy failed when reading the source."', "source-unauthorized"],
  ['412 ConditionNotMet "The source changed."', "source-changed"],
  ['500 OperationCancelled "The copy exceeded the maximum allowed time."', "copy-timed-out"],
  ['500 OperationCancelled "The copy failed when reading the source."', "source-unreadable"],
  ['502 BadGateway "x"', "source-unreadable"],
  ['503 ServerBusy "x"', "throttled"],
  ["something new", "internal"],
  [null, "internal"],
])("a failed copy described as %s is %s", (description, cause) => {
  const status = readStatusOf(properties({ status: "failed", description }));
  expect(status).toMatchObject({ kind: "failed", failure: { cause } });
  expect(isFinal(status)).toBe(true);
});

test("a copy that failed with 403 after its SAS expired is reported as such", () => {
  const description = '403 AuthenticationFailed "x"';
  const status = readStatusOf(
    properties({ status: "failed", description }),
    "sp=r&se=2026-11-19&sig=x",
  );
  expect(status).toMatchObject({ failure: { cause: "source-sas-expired" } });
});

test("a copy that failed with 403 after its minted SAS expired outlived seven days; before that, it did not", () => {
  const mintedSas = { scid: "1", expiresAt: new Date(now).toISOString() };
  const plan = { ...started.plan, mintedSas };
  const description = '403 AuthenticationFailed "x"';
  const expired = (completedAt: EpochMs | null, description: string) => {
    const destination = properties({ status: "failed", description, completedAt });
    return interpretStatus({ plan, copyId }, destination, { sas: null, now: plusMs(now, 60_000) });
  };
  for (const completedAt of [now, plusMs(now, 1_000), null]) {
    expect(expired(completedAt, description)).toMatchObject({
      failure: {
        cause: "source-sas-expired",
        message: expect.stringMatching(/seven days.*2026-11-20T00:00:00/),
        fix: expect.stringContaining("account key"),
      },
    });
  }
  expect(expired(plusMs(now, -1_000), description)).toMatchObject({
    failure: { cause: "source-unauthorized" },
  });
  expect(expired(now, '404 ResourceNotFound "x"')).toMatchObject({
    failure: { cause: "source-not-found" },
  });
});

test("a pending copy reports its progress and Storage's status description", () => {
  const pending = properties({
    status: "pending",
    progress: parseProgress("3/10"),
    description: "502 x",
  });
  expect(readStatusOf(pending)).toEqual({
    kind: "pending",
    progress: { bytesCopied: 3, totalBytes: 10 },
    warning: "502 x",
    etag: "2",
  });
  for (const text of [undefined, "", "3", "3/x", "-1/10", "3/10/4"])
    expect(parseProgress(text)).toBeNull();
});

test("only a found copy is superseded by content with a different MD5 than planned", () => {
  const planned = { ...started.plan, source: { ...started.plan.source, contentMd5: "planned" } };
  const read = (contentMd5: string | null, found?: true) =>
    interpretStatus(
      { copyId, plan: { ...planned, ...(found && { found }) } },
      { ...properties({}), contentMd5 },
      { sas: null, now },
    );
  expect(read("other", true)).toMatchObject({
    kind: "superseded",
    failure: { message: expect.stringContaining("Content-MD5 is not that of the planned source") },
  });
  expect(read("planned", true)).toMatchObject({ kind: "success" });
  expect(read(null, true)).toMatchObject({ kind: "success" });
  expect(read("other")).toMatchObject({ kind: "success" });
});
