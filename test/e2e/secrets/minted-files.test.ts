import { expect, test } from "vitest";
import { setRoles } from "../../support/stack/roles.ts";
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

/** A source file that is requested without a SAS, by default in the second account. */
async function prepared(stack: TestStack, path = "drop/in/film.mp4", account = secondAccount) {
  const files = createStackFiles(stack);
  const source = (await files.upload(path, film, account)).url;
  await files.createFolders("shelf/film.mp4");
  const destinations = {
    "a file": files.file("shelf/film.mp4"),
    "a blob": stack.blob("archive/film.mp4"),
  };
  const content = (to: keyof typeof destinations) =>
    to === "a file" ? destinations[to].downloadToBuffer() : destinations[to].downloadToBuffer();
  return { files, source, ends: destinations, content };
}

const reader = { role: "Storage File Data Privileged Reader", account: secondAccount } as const;
const delegator = { role: "Storage File Delegator", account: secondAccount } as const;

const sent = (stack: TestStack, ...operations: string[]) =>
  stack.local.emulator.requests.filter(({ operation }) => operations.includes(operation));

const starts = (stack: TestStack) => sent(stack, "CopyFile", "CopyBlob");

/** The sources that Storage was asked to copy from, in order. */
const sources = (stack: TestStack) =>
  starts(stack).map(({ headers }) => new URL(headers["x-ms-copy-source"] ?? ""));

test.each([
  ["a file", secondAccount],
  ["a file", firstAccount],
  ["a blob", secondAccount],
  ["a blob", firstAccount],
] as const)(
  "to %s, a file of account %s is copied with a SAS that is minted for it",
  async (to, account) => {
    const stack = await startStack(slowly);
    const {
      source,
      ends: destinations,
      content,
    } = await prepared(stack, "drop/in/film 1.mp4", account);
    setRoles(stack, secondAccount, { ...reader, share: "drop" }, delegator);
    const planned = stack.clock.now();
    const { id } = await stack.start({ source, destination: destinations[to].url });
    expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", source });
    expect((await content(to)).equals(film)).toBe(true);

    const [minted] = sources(stack).map(({ searchParams }) => Object.fromEntries(searchParams));
    const { st = "", se = "", ske = "", ...sas } = minted ?? {};
    expect(sas).toMatchObject({ sp: "r", sr: "f", spr: "https", sks: "f", sig: "REDACTED" });
    expect(Date.parse(st)).toBe(planned - hour / 4);
    expect(Date.parse(se)).toBeLessThanOrEqual(planned + 7 * day - hour / 4);
    expect(Date.parse(se)).toBeGreaterThan(planned + 7 * day - 2 * hour);
    expect(Date.parse(ske)).toBe(Date.parse(se));
    // The app and Storage read it with the same key of the source's account.
    expect(sent(stack, "GetUserDelegationKey").map(({ url }) => url)).toEqual([
      expect.stringContaining(account),
    ]);
    const [start] = starts(stack);
    expect(start?.headers["authorization"]).toBe("Bearer REDACTED");
    const intent = to === "a file" ? "backup" : undefined;
    expect(start?.headers["x-ms-file-request-intent"]).toBe(intent);
  },
);

test.each(["a file", "a blob"] as const)(
  "to %s, a file in a share snapshot is copied with a minted SAS",
  async (to) => {
    const stack = await startStack(slowly);
    const { files, source, ends: destinations, content } = await prepared(stack);
    const { snapshot = "" } = await files.share("drop", secondAccount).createSnapshot();
    await files.upload("drop/in/film.mp4", Buffer.from("something else"), secondAccount);
    const { id } = await stack.start({
      source: `${source}?sharesnapshot=${snapshot}`,
      destination: destinations[to].url,
    });
    expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
    expect((await content(to)).equals(film)).toBe(true);
    const [from] = sources(stack);
    expect(from?.searchParams.get("sharesnapshot")).toBe(snapshot);
    expect(from?.searchParams.get("sr")).toBe("f");
  },
);

test("a file whose name ends in a dot is copied with a SAS for exactly that name", async () => {
  const stack = await startStack(slowly);
  const { files, source, ends: destinations, content } = await prepared(stack, "drop/in./film.");
  await files.upload("drop/in./film", Buffer.from("another file"), secondAccount);
  const { id } = await stack.start({ source, destination: destinations["a file"].url });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", source });
  expect((await content("a file")).equals(film)).toBe(true);
  expect(sources(stack).map(({ pathname }) => pathname.endsWith("/film."))).toEqual([true]);
  expect(starts(stack)[0]?.headers["x-ms-source-allow-trailing-dot"]).toBe("true");
});

test("a SAS is minted within one account if the request has a destination SAS, which does not authorize the source", async () => {
  const stack = await startStack(slowly);
  const {
    files,
    source,
    ends: destinations,
  } = await prepared(stack, "drop/film.mp4", firstAccount);
  const destination = files.sas(destinations["a file"], "rcwd");
  const { id } = await stack.start({ source, destination });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
  expect(sources(stack).map(({ searchParams }) => searchParams.get("sp"))).toEqual(["r"]);
});

test.for([
  ["no role at all", []],
  ["no right to read", [delegator]],
  ["a right to another share", [{ ...reader, share: "other" }, delegator]],
  ["no right to a key", [reader]],
  ["roles only on its blobs", [{ role: "Storage Blob Data Owner", account: secondAccount }]],
] as const)(
  "an identity with %s on the file fails the copy, which names the role to assign",
  async ([, roles]) => {
    const stack = await startStack(slowly);
    const { source, ends: destinations } = await prepared(stack);
    setRoles(stack, secondAccount, ...roles);
    const { id } = await stack.start({ source, destination: destinations["a file"].url });
    const copy = await stack.untilEnded(id);
    expect(copy).toMatchObject({
      status: "failed",
      error: {
        cause: "source-unauthorized",
        storage: { status: 403, code: "AuthorizationPermissionMismatch" },
      },
    });
    expect(copy.error.fix).toMatch(
      /SAS.*Storage File Data Privileged Reader.*Storage File Delegator/,
    );
    expect(starts(stack)).toEqual([]);
    setRoles(stack, secondAccount, reader, delegator);
    const again = await stack.start({ source, destination: destinations["a file"].url });
    expect(await stack.untilEnded(again.id)).toMatchObject({ status: "succeeded" });
  },
);

test("even within one account, a file source needs the role that signs, and the copy names it", async () => {
  const stack = await startStack(slowly);
  const { source, ends: destinations } = await prepared(stack, "drop/film.mp4", firstAccount);
  setRoles(
    stack,
    firstAccount,
    { role: "Storage Blob Data Contributor", account: firstAccount },
    { role: "Storage File Data Privileged Contributor", account: firstAccount },
  );
  const { id } = await stack.start({ source, destination: destinations["a file"].url });
  const copy = await stack.untilEnded(id);
  expect(copy).toMatchObject({ status: "failed", error: { cause: "source-unauthorized" } });
  expect(copy.error.fix).toMatch(/For a file: .* Storage File Delegator on its account/);
  expect(starts(stack)).toEqual([]);
});

test.each(["a file", "a blob"] as const)(
  "to %s, a copy that outlives the seven days of its minted SAS fails with that cause, and is not restarted",
  async (to) => {
    const stack = await startStack({
      secure: true,
      copies: { bytesPerSecond: 1 },
      environment: rareTimers,
    });
    const { source, ends: destinations } = await prepared(stack);
    const started = stack.clock.now();
    const { id } = await stack.start({ source, destination: destinations[to].url });
    await stack.clock.advance(6 * day);
    expect(await stack.get(id)).toMatchObject({ status: "copying" });
    const copy = await stack.untilEnded(id, 14 * 24);
    expect(copy).toMatchObject({
      status: "failed",
      error: { cause: "source-sas-expired", retryable: false },
    });
    expect(copy.error.message).toMatch(/longer than the seven days of its source SAS/);
    expect(Date.parse(copy.completedAt) - started).toBeGreaterThan(6.9 * day);
    expect(starts(stack)).toHaveLength(1);
    expect(await destinations[to].exists()).toBe(false);
  },
);

test.each(["a file", "a blob"] as const)(
  "to %s, a start whose response is lost is recovered without a correlation id, and not repeated",
  async (to) => {
    const stack = await startStack(slowly);
    const { source, ends: destinations } = await prepared(stack);
    stack.local.emulator.faults.add({
      operation: to === "a file" ? "CopyFile" : "CopyBlob",
      times: 1,
      do: "lose response",
    });
    const { id } = await stack.start({ source, destination: destinations[to].url });
    expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded" });
    const acted = starts(stack).filter(({ status }) => status === 202 || status === null);
    expect(acted).toHaveLength(1);
    expect(sources(stack)[0]?.searchParams.has("scid")).toBe(false);
  },
);

test.each(["a file", "a blob"] as const)(
  "to %s, another writer's copy of the same file, started while our start was lost, is not mistaken for ours",
  async (to) => {
    const stack = await startStack(slowly);
    const { files, source, ends: destinations } = await prepared(stack);
    const operation = to === "a file" ? "CopyFile" : "CopyBlob";
    const lost = stack.local.emulator.faults.add({ operation, do: "reset connection" });
    const destination = destinations[to].url;
    const { id } = await stack.start({ source, destination, options: { overwrite: "always" } });
    lost();
    const theirs = files.sas(files.file("drop/in/film.mp4", secondAccount));
    if (to === "a file") await destinations[to].startCopyFromURL(theirs);
    else await destinations[to].beginCopyFromURL(theirs);
    const { copyId = "" } = await destinations[to].getProperties();
    const copy = await stack.untilEnded(id);
    expect(copy).toMatchObject({
      status: "failed",
      copyId: null,
      error: { cause: "destination-busy", message: expect.not.stringContaining(copyId) },
    });
    await stack.clock.advance(200_000);
    expect(await destinations[to].getProperties()).toMatchObject({ copyId, copyStatus: "success" });
    expect(sent(stack, "AbortCopyFile", "AbortCopyBlob")).toEqual([]);
  },
);
