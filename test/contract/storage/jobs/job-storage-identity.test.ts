import { expect, test } from "vitest";
import type { RoleAssignment } from "../../../../src/local/storage/auth/role-assignments.ts";
import { epochMs } from "../../../../src/copy/time.ts";
import { day } from "../../../support/stack/emulator.ts";
import { startIdentity } from "../../../support/stack/identity.ts";
import {
  conditionsOf,
  jobStorageAt,
  objectIn,
  sideOf,
  signedSide,
  starting,
  text,
  upload,
} from "./job-storage-calls.ts";

/* How the app's identity authorizes sources. Requests are counted on the wire. */

const engines = ["startCopy", "copyFromUrl"] as const;

async function twoAccounts() {
  const storage = await startIdentity();
  const { emulator, service, otherService } = storage;
  emulator.copies.finishOnStart = "always";
  const near = service.getContainerClient("near");
  const far = otherService.getContainerClient("far");
  await Promise.all([near.create(), far.create()]);
  const names = Array.from({ length: 50 }, (_, number) => `film ${number}.mp4`);
  const etags = new Map<string, string>();
  for (const name of names) etags.set(name, await upload(near, name, name));
  const before = emulator.requests.length;
  const order = (name: string, more: Parameters<typeof starting>[1] = {}) => {
    const source = objectIn(sideOf(near), name);
    const destination = objectIn(sideOf(far), name);
    return starting({ source, destination, sourceEtag: etags.get(name) ?? "" }, more);
  };
  const sent = (operation?: string) =>
    emulator.requests
      .slice(before)
      .filter((request) => operation === undefined || request.operation === operation);
  const setRoles = (...roles: RoleAssignment[]) => emulator.roles.splice(0, Infinity, ...roles);
  const jobs = jobStorageAt(emulator.blobUrl);
  return { ...storage, jobs, near, far, names, order, sent, setRoles, etags };
}

const account = "devstoreaccount1";
const writer = { account: "devstoreaccount2", role: "Storage Blob Data Contributor" } as const;

test("Copy Blob gets a SAS for each source, all signed with one key: one request for each copy, and one more", async () => {
  const { jobs, names, order, sent, far } = await twoAccounts();
  const outcomes = await Promise.all(names.map((name) => jobs.startCopy(order(name))));
  expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(["succeeded"]));
  expect(sent()).toHaveLength(names.length + 1);
  expect(sent("GetUserDelegationKey")).toHaveLength(1);
  for (const { headers } of sent("CopyBlob")) {
    const { searchParams } = new URL(headers["x-ms-copy-source"] ?? "");
    expect(Object.fromEntries(searchParams)).toMatchObject({ sr: "b", sp: "r", spr: "https" });
  }
  expect(await text(far, "film 7.mp4")).toBe("film 7.mp4");
});

test("Copy Blob From URL sends the app's token: no SAS, no key, one request for each copy", async () => {
  const { jobs, names, order, sent, far } = await twoAccounts();
  await Promise.all(names.map((name) => jobs.copyFromUrl(order(name))));
  expect(sent()).toHaveLength(names.length);
  for (const { headers } of sent("CopyBlobFromUrl")) {
    expect(headers["x-ms-copy-source"]).not.toContain("?");
    expect(headers["x-ms-copy-source-authorization"]).toBe("Bearer REDACTED");
  }
  expect(await text(far, "film 7.mp4")).toBe("film 7.mp4");
});

test("Copy Blob within an account sends neither a SAS nor a token", async () => {
  const { jobs, near, order, sent } = await twoAccounts();
  const destination = objectIn(sideOf(near), "copy");
  expect((await jobs.startCopy(order("film 1.mp4", { destination }))).kind).toBe("succeeded");
  expect(sent()).toHaveLength(1);
  expect(sent()[0]?.headers["x-ms-copy-source"]).not.toContain("?");
  expect(sent()[0]?.headers["x-ms-copy-source-authorization"]).toBeUndefined();
});

test("a SAS of the destination covers no source: the source gets its own", async () => {
  const { jobs, near, order, sent } = await twoAccounts();
  const side = await signedSide(near, { permissions: "rwcl", now: epochMs(order("").now) });
  const destination = objectIn(side, "copy");
  expect((await jobs.startCopy(order("film 1.mp4", { destination }))).kind).toBe("succeeded");
  expect(sent("CopyBlob")[0]?.headers["x-ms-copy-source"]).toContain("skoid=");
});

test("a key signs for a day, and each SAS is valid for six more", async () => {
  const { jobs, order, sent, clock } = await twoAccounts();
  const startAt = async (name: string) => {
    await jobs.startCopy(order(name, { now: epochMs(clock.now()) }));
    const url = new URL(sent("CopyBlob").at(-1)?.headers["x-ms-copy-source"] ?? "");
    return Date.parse(url.searchParams.get("se") ?? "") - clock.now();
  };
  expect(await startAt("film 1.mp4")).toBeGreaterThan(6 * day);
  await clock.advance(day / 2);
  expect(await startAt("film 2.mp4")).toBeGreaterThan(6 * day);
  expect(sent("GetUserDelegationKey")).toHaveLength(1);
  await clock.advance(day);
  expect(await startAt("film 3.mp4")).toBeGreaterThan(6 * day);
  expect(sent("GetUserDelegationKey")).toHaveLength(2);
});

test.each(engines)(
  "%s: an identity that is not allowed to read the source fails with its cause",
  async (engine) => {
    const { jobs, order, setRoles } = await twoAccounts();
    setRoles(writer);
    expect(await jobs[engine](order("film 1.mp4"))).toMatchObject({
      kind: "failed",
      failure: { cause: "source-unauthorized" },
    });
    setRoles(writer, { account, role: "Storage Blob Data Reader" });
    expect((await jobs[engine](order("film 1.mp4"))).kind).toBe("succeeded");
  },
);

test.each(engines)(
  "%s: an identity that is not allowed to write fails with its cause",
  async (engine) => {
    const { jobs, order, setRoles } = await twoAccounts();
    setRoles({ account, role: "Storage Blob Data Reader" });
    expect(await jobs[engine](order("film 1.mp4"))).toMatchObject({
      kind: "failed",
      failure: { cause: "destination-unauthorized" },
    });
  },
);

test("a busy account that issues no key slows down, and nothing was started", async () => {
  const { emulator, jobs, order, sent } = await twoAccounts();
  const response = { status: 503, code: "ServerBusy", headers: { "Retry-After": "3" } };
  emulator.faults.add({ operation: "GetUserDelegationKey", times: 1, do: { response } });
  expect(await jobs.startCopy(order("film 1.mp4"))).toMatchObject({
    kind: "throttled",
    retryAfterMs: 3_000,
    mayHaveStarted: false,
  });
  expect(sent("CopyBlob")).toHaveLength(0);
  expect((await jobs.startCopy(order("film 1.mp4"))).kind).toBe("succeeded");
});

test("a public source is copied without a SAS and without a token", async () => {
  const { jobs, service, sent, order } = await twoAccounts();
  await service.createContainer("public", { access: "container" });
  const open = service.getContainerClient("public");
  const sourceEtag = await upload(open, "open");
  const source = objectIn(sideOf(open, { kind: "anonymous" }), "open");
  for (const engine of engines) {
    const any = { source, ...conditionsOf(sourceEtag, "any") };
    expect((await jobs[engine](order("open", any))).kind).toBe("succeeded");
    const headers = sent().at(-1)?.headers;
    expect(headers?.["x-ms-copy-source"]).not.toContain("?");
    expect(headers?.["x-ms-copy-source-authorization"]).toBeUndefined();
  }
});
