import { randomBytes } from "node:crypto";
import { BlobSASPermissions } from "@azure/storage-blob";
import { expect, test } from "vitest";
import type { CopyResult } from "../../../src/copy/contract/outcome.ts";
import { Sas } from "../../../src/copy/location/sas.ts";
import { createSeal, UnsealError } from "../../../src/secrets/seal.ts";
import type { SealedPlace } from "../../../src/secrets/seal.ts";
import { startStorage, uploadBlob } from "../../support/stack/emulator.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

/*
 * Goal: each step opens only the SAS that it uses. Method: a copy with a SAS on both sides, and a seal that records
 * what it opens and that loses the key of one side.
 */

type Field = SealedPlace["field"];

async function sealedCopy(options: Record<string, unknown> = {}) {
  const storage = await startStorage({ copies: { bytesPerSecond: 10 } });
  const { clock, emulator, service, otherService } = storage;
  const opened: Field[] = [];
  const missing = new Set<Field>();
  const { seal, open, hashQuery } = createSeal([randomBytes(32)]);
  const steps = createSteps(
    storage,
    {},
    {
      seal,
      hashQuery,
      open: (sealed, place) => {
        opened.push(place.field);
        if (missing.has(place.field)) throw new UnsealError(place, "12345678");
        return open(sealed, place);
      },
    },
  );
  const source = await uploadBlob(otherService, "x".repeat(1_000));
  const destination = service.getContainerClient("archive").getBlockBlobClient("copy.mp4");
  await service.getContainerClient("archive").create();
  const request = { source: source.url, destination: destination.url, options };
  const { instanceId, copy } = createCopyInput(storage, request);
  const sign = async (blob: typeof source, permissions: string, field: Field) => {
    const url = await blob.generateSasUrl({
      permissions: BlobSASPermissions.parse(permissions),
      expiresOn: new Date(clock.now() + 3_600_000),
    });
    return (
      seal?.(new Sas(new URL(url).search.slice(1)), {
        instanceId,
        field,
        endpoint: field === "sourceSas" ? copy.source : copy.destination,
      }) ?? ""
    );
  };
  const sealed = {
    ...copy,
    sourceSas: await sign(source, "rwt", "sourceSas"),
    destinationSas: await sign(destination, "racwdt", "destinationSas"),
    ...(options["sourceLease"] === "hold" ? { leasesSource: true as const } : {}),
  };
  const input = { instanceId, copy: sealed };
  const started = async () => {
    const result = await steps.startCopy(input);
    if (result.kind !== "started") throw new Error(JSON.stringify(result));
    return { ...input, ...result.started };
  };
  const settle = (
    poll: Awaited<ReturnType<typeof started>>,
    result: CopyResult,
    isLastAttempt = false,
  ) =>
    steps.settleCopy(
      {
        ...poll,
        result,
        isLastAttempt,
        record: { abortRequested: true, startedAt: null, statusReads: 1 },
      },
      { log: () => {} },
    );
  const starts = () => emulator.requests.filter(({ operation }) => operation === "CopyBlob").length;
  /** The sides that `work` opens, each once. */
  const opens = async (work: () => Promise<unknown>) => {
    opened.length = 0;
    await work();
    return opened.toSorted();
  };
  return {
    steps,
    input,
    source,
    destination,
    started,
    settle,
    starts,
    missing,
    opens,
    clock,
    emulator,
  };
}

const both = ["destinationSas", "sourceSas"];
const onlyDestination = ["destinationSas"];

test("start opens each SAS once; read and abort open only the destination's", async () => {
  const { opens, steps, started, clock } = await sealedCopy();
  const runs: Awaited<ReturnType<typeof started>>[] = [];
  expect(await opens(async () => runs.push(await started()))).toEqual(both);
  const [poll] = runs;
  if (poll === undefined) throw new Error("nothing was started");
  await clock.advance(1_000);
  expect(await opens(() => steps.readCopy(poll))).toEqual(onlyDestination);
  expect(await opens(() => steps.abortCopy(poll))).toEqual(onlyDestination);
  expect(await opens(() => steps.readCopy(poll))).toEqual(onlyDestination);
});

test.each<{ result: CopyResult; opens: Field[]; residue: string[] }>([
  {
    result: {
      kind: "success",
      progress: { bytesCopied: 1, totalBytes: 1 },
      etag: "x",
      endedAt: null,
    },
    opens: [],
    residue: [],
  },
  {
    result: { kind: "aborted", progress: null, etag: "x", endedAt: null },
    opens: ["destinationSas"],
    residue: [],
  },
  { result: { kind: "aborted-before-start" }, opens: [], residue: [] },
])("settle of $result.kind opens $opens", async ({ result, opens: expected, residue }) => {
  const { opens, started, settle } = await sealedCopy();
  const poll = await started();
  let settled: unknown;
  expect(await opens(async () => (settled = await settle(poll, result)))).toEqual(expected);
  expect(settled).toMatchObject({ kind: "settled", outcome: { residue } });
});

test("settle of a success with a lease on the source opens only the source's SAS", async () => {
  const { opens, started, settle } = await sealedCopy({ sourceLease: "hold" });
  const poll = await started();
  const progress = { bytesCopied: 1, totalBytes: 1 };
  const success = { kind: "success", progress, etag: "x", endedAt: null } as const;
  expect(await opens(() => settle(poll, success))).toEqual(["sourceSas"]);
});

test("without the source's key a copy is read, aborted and settled", async () => {
  const { started, missing, steps, settle, destination } = await sealedCopy();
  const poll = await started();
  missing.add("sourceSas");
  expect(await steps.readCopy(poll)).toMatchObject({ kind: "pending" });
  const aborted = await steps.abortCopy(poll);
  if (aborted.kind !== "aborted") throw new Error(aborted.kind);
  expect(await settle(poll, aborted)).toMatchObject({
    outcome: { status: "aborted", residue: [] },
  });
  expect(await destination.exists()).toBe(false);
});

test("without the source's key a copy that Storage failed has a cause, from the description alone", async () => {
  const { started, missing, steps, emulator } = await sealedCopy();
  const poll = await started();
  const description = '403 AuthenticationFailed "The source could not be read."';
  emulator.copies.fail({ container: "archive", blob: "copy.mp4" }, description);
  missing.add("sourceSas");
  expect(await steps.readCopy(poll)).toMatchObject({
    kind: "failed",
    failure: { cause: "source-unauthorized" },
  });
});

test("without the source's key nothing is started, the key is named, and the copy starts when it is back", async () => {
  const { missing, steps, input, starts } = await sealedCopy({ tags: "source" });
  missing.add("sourceSas");
  for (let attempt = 1; attempt <= 3; attempt++) {
    const refused = await steps.startCopy({ ...input, attempt });
    expect(refused).toMatchObject({
      kind: "transient-failure",
      failure: {
        cause: "internal",
        message: expect.stringMatching(
          /sealed sourceSas .* id 12345678: instance .*\. Add that key/,
        ),
        fix: expect.stringMatching(/^Add that key to COPY_SECRET_KEYS again\./),
      },
    });
  }
  expect(starts()).toBe(0);
  missing.clear();
  // Nothing was sent, so no attempt has to be waited for.
  expect(await steps.startCopy({ ...input, attempt: 4 })).toMatchObject({ kind: "started" });
});

test("a copy whose start got no response is found without the source's key", async () => {
  const { missing, steps, input, emulator, clock, starts } = await sealedCopy();
  emulator.faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
  const blind = emulator.faults.add({
    operation: "GetBlobProperties",
    match: () => starts() > 0,
    do: { response: { status: 503, code: "ServerBusy" } },
  });
  expect(await steps.startCopy(input)).toMatchObject({ kind: "transient-failure" });
  blind();
  await clock.advance(60_000);
  missing.add("sourceSas");
  expect(await steps.startCopy({ ...input, attempt: 2 })).toMatchObject({ kind: "started" });
  expect(starts()).toBe(1);
});

test.each([
  ["read", "readCopy"],
  ["abort", "abortCopy"],
] as const)("without the destination's key %s waits and names the key", async (_, step) => {
  const { started, missing, steps } = await sealedCopy();
  const poll = await started();
  missing.add("destinationSas");
  expect(await steps[step](poll)).toMatchObject({
    kind: "transient-failure",
    failure: { message: expect.stringMatching(/sealed destinationSas .* id 12345678/) },
  });
  missing.clear();
  expect((await steps[step](poll)).kind).not.toBe("transient-failure");
});

test.each(["sourceSas", "destinationSas"] as const)(
  "settle waits for the missing key of %s, and on its last attempt reports what may be left",
  async (field) => {
    const { started, missing, steps, settle, source } = await sealedCopy({ sourceLease: "hold" });
    const poll = await started();
    const aborted = await steps.abortCopy(poll);
    if (aborted.kind !== "aborted") throw new Error(aborted.kind);
    missing.add(field);
    expect(await settle(poll, aborted)).toMatchObject({ kind: "transient-failure" });
    const left =
      field === "sourceSas"
        ? `The lease ${poll.instanceId} on the source may still be held`
        : "The destination could not be read: the copy may have left content there";
    const residue = [expect.stringMatching(new RegExp(`id 12345678: instance .*\\. ${left}`))];
    const settled = await settle(poll, aborted, true);
    expect(settled).toMatchObject({ kind: "settled", outcome: { status: "aborted", residue } });
    const { leaseState } = await source.getProperties();
    expect(leaseState).toBe(field === "sourceSas" ? "leased" : "available");
  },
);
