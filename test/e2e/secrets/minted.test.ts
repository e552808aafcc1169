import { ContainerClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { accounts } from "../../../src/local/storage/auth/accounts.ts";
import { deriveKeyValue } from "../../../src/local/storage/auth/delegation-key.ts";
import { setRoles } from "../../support/stack/roles.ts";
import { collectStored, findSecret } from "../../support/stack/stored-secrets.ts";
import { createStackFiles } from "../../support/stack/stack-files.ts";
import {
  firstAccount,
  hour,
  rareTimers,
  secondAccount,
  startStack,
} from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

const film = Buffer.alloc(1_000_000, "film");
const slowly = { secure: true, copies: { bytesPerSecond: 10_000 } };
const day = 24 * hour;

/** A source in a different account than its destination, requested without a SAS. */
async function request(stack: TestStack, name = "film.mp4") {
  const source = await stack.upload(`inbox/${name}`, film, secondAccount);
  return { source: source.url, destination: stack.blob(`archive/${name}`).url };
}

const reader = { role: "Storage Blob Data Reader", account: secondAccount } as const;
const delegator = { role: "Storage Blob Delegator", account: secondAccount } as const;
const onInbox = { ...reader, container: "inbox" };

const sent = (stack: TestStack, operation: string) =>
  stack.local.emulator.requests.filter((each) => each.operation === operation);

/** The sources that Storage was asked to copy from, in order. */
const sources = (stack: TestStack) =>
  sent(stack, "CopyBlob").map(({ headers }) => new URL(headers["x-ms-copy-source"] ?? ""));

test("a source in another account is copied with a SAS that can only read this blob", async () => {
  const stack = await startStack(slowly);
  setRoles(stack, secondAccount, onInbox, delegator);
  const planned = stack.clock.now();
  const first = await stack.start(await request(stack));
  const other = await stack.start(await request(stack, "other film.mp4"));
  expect(await stack.untilEnded(first.id)).toMatchObject({ status: "succeeded" });
  expect(await stack.untilEnded(other.id)).toMatchObject({ status: "succeeded" });
  expect((await stack.blob("archive/film.mp4").downloadToBuffer()).equals(film)).toBe(true);

  const minted = sources(stack).map(({ searchParams }) => Object.fromEntries(searchParams));
  expect(minted).toHaveLength(2);
  for (const { st = "", se = "", ske = "", ...sas } of minted) {
    expect(sas).toMatchObject({ sp: "r", sr: "b", spr: "https", sks: "b", sig: "REDACTED" });
    expect(Date.parse(st)).toBe(planned - hour / 4);
    expect(Date.parse(se)).toBeLessThanOrEqual(planned + 7 * day - hour / 4);
    expect(Date.parse(se)).toBeGreaterThan(planned + 7 * day - 2 * hour);
    expect(Date.parse(ske)).toBe(Date.parse(se));
  }
  expect(new Set(minted.map(({ scid }) => scid)).size).toBe(2);
  expect(minted[0]?.["scid"]).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  // One key for both; the identity authorizes the destination.
  expect(sent(stack, "GetUserDelegationKey")).toHaveLength(1);
  for (const { headers } of sent(stack, "CopyBlob")) {
    expect(headers["authorization"]).toBe("Bearer REDACTED");
  }
});

test("a snapshot in another account is copied with a SAS for that snapshot", async () => {
  const stack = await startStack(slowly);
  const body = await request(stack);
  const source = stack.blob("inbox/film.mp4", secondAccount);
  const { snapshot = "" } = await source.createSnapshot();
  await source.uploadData(Buffer.from("something else"));
  const { id } = await stack.start({ ...body, source: source.withSnapshot(snapshot).url });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect((await stack.blob("archive/film.mp4").downloadToBuffer()).equals(film)).toBe(true);
  expect(sources(stack).map(({ searchParams }) => searchParams.get("sr"))).toEqual(["bs"]);
});

test("a SAS is minted within one account if the request has a destination SAS, which does not authorize the source", async () => {
  const stack = await startStack(slowly);
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = await stack.readSas(stack.blob("archive/film.mp4"), { permissions: "racwd" });
  const { id } = await stack.start({ source: source.url, destination });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect(sources(stack).map(({ searchParams }) => searchParams.get("sp"))).toEqual(["r"]);
});

test("a blob is copied to a file with a minted SAS, and the copy is recovered after a lost response", async () => {
  const stack = await startStack(slowly);
  const { source } = await request(stack);
  const files = createStackFiles(stack);
  await files.createFolders("share/film.mp4");
  const file = files.file("share/film.mp4");
  stack.local.emulator.faults.add({ operation: "CopyFile", times: 1, do: "lose response" });
  const { id } = await stack.start({ source, destination: files.sas(file, "rcwd") });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect((await file.downloadToBuffer()).equals(film)).toBe(true);
  const started = sent(stack, "CopyFile").map(
    ({ headers }) => new URL(headers["x-ms-copy-source"] ?? "").searchParams,
  );
  expect(started.map((sas) => sas.get("skoid") !== null && sas.get("sp"))).toEqual(["r"]);
});

test("within one account no SAS is minted: the identity's roles authorize the source", async () => {
  const stack = await startStack(slowly);
  const source = await stack.upload("inbox/film.mp4", film);
  const destination = stack.blob("archive/film.mp4").url;
  const { id } = await stack.start({ source: source.url, destination });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect(sources(stack).map(({ search }) => search)).toEqual([""]);
});

test.for([
  ["no role at all", []],
  ["no right to read", [delegator]],
  ["no right to a key", [onInbox]],
] as const)(
  "an identity with %s on the source fails the copy, which names the role to assign",
  async ([, roles]) => {
    const stack = await startStack(slowly);
    setRoles(stack, secondAccount, ...roles);
    const { id } = await stack.start(await request(stack));
    const copy = await stack.untilEnded(id);
    expect(copy).toMatchObject({
      status: "failed",
      error: {
        cause: "source-unauthorized",
        storage: { status: 403, code: "AuthorizationPermissionMismatch" },
      },
    });
    expect(copy.error.fix).toMatch(/SAS.*Storage Blob Data Reader.*Storage Blob Delegator/);
    expect(sent(stack, "CopyBlob")).toEqual([]);
  },
);

test.for([
  ["set", { team: "y" }, "destination-unauthorized"],
  ["read from the source", "source", "source-unauthorized"],
] as const)(
  "tags that are %s require an owner role, and the copy's fix names it",
  async ([, tags, cause]) => {
    const stack = await startStack(slowly);
    setRoles(stack, firstAccount, {
      role: "Storage Blob Data Contributor",
      account: firstAccount,
    });
    setRoles(stack, secondAccount, reader);
    const { id } = await stack.start({ ...(await request(stack)), options: { tags } });
    expect(await stack.untilEnded(id)).toMatchObject({
      status: "failed",
      error: { cause, fix: expect.stringMatching(/tags.*Storage Blob Data Owner/) },
      residue: [],
    });
    expect(await stack.blob("archive/film.mp4").exists()).toBe(false);
  },
);

test("a public source is copied anonymously, although the identity cannot read it", async () => {
  const stack = await startStack(slowly);
  setRoles(stack, secondAccount);
  const { url, credential } = stack.blob("public/film.mp4", secondAccount);
  const container = new ContainerClient(url.replace("/film.mp4", ""), credential);
  await container.create({ access: "blob" });
  await stack.upload("public/film.mp4", film, secondAccount);
  const { id } = await stack.start({
    source: url,
    destination: stack.blob("archive/film.mp4").url,
  });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect(sources(stack).map(({ search }) => search)).toEqual([""]);
});

test("a role that is removed between plan and start fails the copy as `source-unauthorized`, and can be assigned again", async () => {
  const stack = await startStack(slowly);
  setRoles(stack, secondAccount, reader);
  const { emulator } = stack.local;
  let isTaken = false;
  emulator.faults.add({
    operation: "CopyBlob",
    match: () => {
      if (!isTaken) setRoles(stack, secondAccount);
      isTaken = true;
      return false;
    },
    do: "lose response",
  });
  const body = await request(stack);
  const { id } = await stack.start(body);
  const copy = await stack.untilEnded(id);
  expect(copy).toMatchObject({ status: "failed", error: { cause: "source-unauthorized" } });
  expect(copy.error.fix).toContain("Storage Blob Delegator");
  setRoles(stack, secondAccount, reader);
  const again = await stack.start(body);
  expect(await stack.untilEnded(again.id)).toMatchObject({ status: "succeeded" });
});

test("a copy that outlives the seven days of its minted SAS fails with that cause, and is not restarted", async () => {
  const stack = await startStack({
    secure: true,
    copies: { bytesPerSecond: 1 },
    environment: rareTimers,
  });
  const started = stack.clock.now();
  const { id } = await stack.start(await request(stack));
  await stack.clock.advance(6 * day);
  expect(await stack.get(id)).toMatchObject({ status: "copying" });
  const copy = await stack.untilEnded(id, 14 * 24);
  expect(copy).toMatchObject({
    status: "failed",
    error: { cause: "source-sas-expired", retryable: false },
  });
  expect(copy.error.message).toMatch(/longer than the seven days of its source SAS/);
  expect(copy.error.fix).toMatch(/two weeks.*account key/);
  expect(Date.parse(copy.completedAt) - started).toBeGreaterThan(6.9 * day);
  expect(sent(stack, "CopyBlob")).toHaveLength(1);
  expect(await stack.blob("archive/film.mp4").exists()).toBe(false);
});

test("a start whose response is lost is recovered by its correlation id, and not repeated", async () => {
  const stack = await startStack(slowly);
  stack.local.emulator.faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
  const { id } = await stack.start(await request(stack));
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  const acted = sent(stack, "CopyBlob").filter(({ status }) => status === 202 || status === null);
  expect(acted).toHaveLength(1);
});

/** Our start never arrives; meanwhile another client starts the same copy with its own SAS. */
async function startForeignCopy(stack: TestStack) {
  const lost = stack.local.emulator.faults.add({ operation: "CopyBlob", do: "reset connection" });
  const body = await request(stack);
  const { id } = await stack.start({ ...body, options: { overwrite: "always" } });
  lost();
  const destination = stack.blob("archive/film.mp4");
  const source = stack.blob("inbox/film.mp4", secondAccount);
  const sas = await stack.readSas(source, { expiresAt: stack.clock.now() + 30 * day });
  await destination.beginCopyFromURL(sas);
  const { copyId = "" } = await destination.getProperties();
  return { id, destination, copyId };
}

test("another writer's copy of the same source, started while our start was lost, is not mistaken for ours", async () => {
  const stack = await startStack(slowly);
  const { id, destination, copyId } = await startForeignCopy(stack);
  const copy = await stack.untilEnded(id);
  expect(copy).toMatchObject({
    status: "failed",
    copyId: null,
    error: { cause: "destination-busy" },
  });
  expect(copy.error.message).not.toContain(copyId); // it is not this caller's
  await stack.clock.advance(200_000);
  expect(await destination.getProperties()).toMatchObject({ copyId, copyStatus: "success" });
  expect(sent(stack, "AbortCopyBlob")).toEqual([]);
});

test("an abort does not affect another writer's copy of the same source", async () => {
  const stack = await startStack(slowly);
  const { id, destination, copyId } = await startForeignCopy(stack);
  await stack.call("POST", `/copies/${id}/abort`);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "aborted", copyId: null });
  await stack.clock.advance(200_000);
  expect(await destination.getProperties()).toMatchObject({ copyId, copyStatus: "success" });
  expect(sent(stack, "AbortCopyBlob")).toEqual([]);
});

/** The key that signed a SAS, as described by the parameters of the SAS. */
function signingKey(sas: URLSearchParams): string {
  const field = (name: string) => sas.get(name) ?? "";
  const terms = {
    objectId: field("skoid"),
    tenantId: field("sktid"),
    start: field("skt"),
    expiry: field("ske"),
    service: field("sks"),
    version: field("skv"),
  };
  const account = accounts.find(({ name }) => name === secondAccount);
  if (account === undefined) throw new Error("The emulator has no second account");
  return deriveKeyValue(terms, account);
}

test("the app accesses its ledger with its identity, without an account key", async () => {
  const stack = await startStack({
    ...slowly,
    settings: {
      AzureWebJobsStorage: "",
      AzureWebJobsStorage__blobServiceUri: "http://127.0.0.1:10000/devstoreaccount1",
    },
  });
  const body = await request(stack);
  const headers = { "idempotency-key": "order-1" };
  const { id } = await stack.start(body, headers);
  expect((await stack.call("POST", "/copies", { body, headers })).json.id).toBe(id);
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", residue: [] });
  const { requests } = stack.local.emulator;
  const ofLedger = requests.filter(({ url }) => url.includes("/ferry-ledger"));
  expect(ofLedger.length).toBeGreaterThan(5);
  expect(new Set(ofLedger.map((each) => each.headers["authorization"]))).toEqual(
    new Set(["Bearer REDACTED"]),
  );
  const own = stack.blob("ferry-ledger/locks/x").url;
  const response = await stack.call("POST", "/copies", { body: { ...body, destination: own } });
  expect(response.status).toBe(403);
  expect(response.json.detail).toContain("keep their state there");
});

test("no minted SAS, delegation key or token is persisted, logged or returned", async () => {
  const stack = await startStack({ ...slowly, persistent: true });
  const { emulator } = stack.local;
  const secrets = new Map<string, string>();
  emulator.faults.add({
    match: ({ headers }) => {
      const source = headers["x-ms-copy-source"] ?? "";
      const sas = URL.canParse(source) ? new URL(source).searchParams : null;
      if (sas !== null) {
        secrets.set(sas.get("sig") ?? "", "a minted signature");
        secrets.set(signingKey(sas), "a user delegation key");
      }
      const [, token] = /^Bearer (.+)$/.exec(headers["authorization"] ?? "") ?? [];
      if (token !== undefined) secrets.set(token.split(".").at(-1) ?? "", "a token's signature");
      return false;
    },
    do: "lose response",
  });
  secrets.set(emulator.identity?.header ?? "", "IDENTITY_HEADER");
  const lost = emulator.faults.add({ operation: "CopyBlob", times: 1, do: "lose response" });
  const ids = [(await stack.start(await request(stack))).id];
  lost();
  ids.push((await stack.start(await request(stack, "aborted.mp4"))).id);
  await stack.call("POST", `/copies/${ids[1]}/abort`);
  const quoted = { status: 409, code: "Odd", message: "Cannot read the source" };
  const quotes = emulator.faults.add({ operation: "CopyBlob", do: { response: quoted } });
  ids.push((await stack.start(await request(stack, "refused.mp4"))).id);
  quotes();
  const files = createStackFiles(stack);
  await files.createFolders("shelf/film.mp4");
  const ofFile = {
    source: (await files.upload("drop/film.mp4", film, secondAccount)).url,
    destination: files.file("shelf/film.mp4").url,
  };
  const { destination } = await request(stack, "from a file.mp4");
  ids.push((await stack.start(ofFile)).id, (await stack.start({ ...ofFile, destination })).id);
  for (const id of ids) await stack.untilEnded(id);
  setRoles(stack, secondAccount);
  ids.push((await stack.start(await request(stack, "unauthorized.mp4"))).id);
  const responses: string[] = [];
  for (const id of ids) responses.push(JSON.stringify(await stack.untilEnded(id)));
  expect(responses.map((response) => JSON.parse(response).status)).toEqual([
    "succeeded",
    "aborted",
    "failed",
    "succeeded",
    "succeeded",
    "failed",
  ]);
  const named = [...secrets.values()];
  // Without correlation ids, both copies of the file have the same SAS.
  expect(named.filter((name) => name === "a minted signature").length).toBe(4);
  expect(named.filter((name) => name === "a user delegation key").length).toBe(2);
  expect(new Set(secrets.values()).size).toBe(4);

  const stored = await collectStored(stack, responses);
  const found = [...secrets].flatMap(([secret, name]) =>
    findSecret(secret, stored).map((place) => `${name} in ${place}`),
  );
  expect(found).toEqual([]);
  // The search itself works: a correlation id is not a secret, and is in the history.
  const [scid] = sources(stack).map(({ searchParams }) => searchParams.get("scid") ?? "");
  expect(findSecret(scid ?? "", stored).length).toBeGreaterThan(1);
});
