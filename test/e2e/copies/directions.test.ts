import { expect, test } from "vitest";
import { startExternalServer } from "../../support/servers/outside.ts";
import { createStackFiles } from "../../support/stack/stack-files.ts";
import { secondAccount, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * Goal: every direction supports every outcome of a copy. Method: check the API's responses, the
 * destination's content, and the requests to Storage.
 */

const film = Buffer.alloc(1_000_000, "film");
/** 1 MB in 100 s. */
const slowly = { bytesPerSecond: 10_000 };

type Place = {
  /** Uploads the source, and returns the URL that a caller would use. */
  source(stack: TestStack): Promise<string>;
  /** Creates the container or folder, and returns the destination's URL. */
  destination(stack: TestStack): Promise<string>;
};

const blobDestination = async (stack: TestStack) => stack.blob("archive/2026/film.mp4").url;
const fileDestination = async (stack: TestStack) => {
  const files = createStackFiles(stack);
  await files.createFolders("shelf/2026/film.mp4");
  return files.file("shelf/2026/film.mp4").url;
};
const blobSource = async (stack: TestStack) => (await stack.upload("inbox/film.mp4", film)).url;
const blobSasSource = async (stack: TestStack) =>
  await stack.readSas(await stack.upload("inbox/film.mp4", film, secondAccount));
const fileSource = async (stack: TestStack) =>
  (await createStackFiles(stack).upload("drop/in/film.mp4", film)).url;
const fileSasSource = (account?: string) => async (stack: TestStack) => {
  const files = createStackFiles(stack);
  return files.sas(await files.upload("drop/in/film.mp4", film, account));
};

const directions: Record<string, Place> = {
  "blob to blob": { source: blobSource, destination: blobDestination },
  "blob of another account to blob": { source: blobSasSource, destination: blobDestination },
  "file to blob": { source: fileSasSource(), destination: blobDestination },
  "blob to file": {
    source: async (stack) => await stack.readSas(await stack.upload("inbox/film.mp4", film)),
    destination: fileDestination,
  },
  "blob of another account to file": { source: blobSasSource, destination: fileDestination },
  "file to file": { source: fileSource, destination: fileDestination },
  "file of another account to file": {
    source: fileSasSource(secondAccount),
    destination: fileDestination,
  },
};

async function startCopy(direction: string, copies: object) {
  const outside = direction.startsWith("outside")
    ? await startExternalServer({ "/film.mp4": film })
    : null;
  const { source, destination } =
    outside === null
      ? (directions[direction] ?? { source: blobSource, destination: blobDestination })
      : { source: async () => `${outside.origin}/film.mp4?key=hush`, destination: blobDestination };
  const stack = await startStack({
    copies,
    environment: { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") },
    ...(outside === null
      ? {}
      : {
          settings: {
            COPY_ALLOWED: JSON.stringify([
              { from: outside.origin, to: "http://127.0.0.1:10000/devstoreaccount1/archive" },
            ]),
          },
        }),
  });
  const body = { source: await source(stack), destination: await destination(stack) };
  const { id } = await stack.start(body);
  return { stack, id, body };
}

/** The destination's content; null if it does not exist. */
async function readDestination(stack: TestStack, url: string): Promise<Buffer | null> {
  if (url.includes("/shelf/")) {
    const file = createStackFiles(stack).file("shelf/2026/film.mp4");
    return (await file.exists()) ? await file.downloadToBuffer() : null;
  }
  const blob = stack.blob("archive/2026/film.mp4");
  return (await blob.exists()) ? await blob.downloadToBuffer() : null;
}

function parsePath(url: string) {
  return url.includes("/shelf/")
    ? { share: "shelf", path: "2026/film.mp4" }
    : { container: "archive", blob: "2026/film.mp4" };
}

const names = [...Object.keys(directions), "outside Storage to blob"];

test.each(names)("%s: completed in the start call, with one poll and no timer", async (name) => {
  const { stack, id, body } = await startCopy(name, { finishOnStart: "always" });
  expect(await stack.get(id)).toMatchObject({
    status: "succeeded",
    copyStatus: "success",
    statusReads: 1,
    progress: { bytesCopied: film.length },
  });
  expect((await readDestination(stack, body.destination))?.equals(film)).toBe(true);
  const history = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/${id}?showHistory=true`;
  const { historyEvents } = (await (await fetch(history)).json()) as {
    historyEvents: { EventType: string }[];
  };
  const started = historyEvents.findIndex((event) => JSON.stringify(event).includes("startCopy"));
  expect(started).toBeGreaterThan(0);
  const afterwards = historyEvents.slice(started).map(({ EventType }) => EventType);
  expect(afterwards).not.toContain("TimerCreated");
});

test.each(names)("%s: stays pending, continues, and succeeds with the same bytes", async (name) => {
  const { stack, id, body } = await startCopy(name, slowly);
  await stack.clock.advance(60_000);
  const copying = await stack.get(id);
  expect(copying).toMatchObject({ status: "copying", copyStatus: "pending" });
  expect(copying.progress.bytesCopied).toBeGreaterThan(0);
  expect(copying.progress.bytesCopied).toBeLessThan(film.length);
  const completed = await stack.untilEnded(id, 1);
  expect(completed).toMatchObject({ status: "succeeded", copyId: copying.copyId, residue: [] });
  expect((await readDestination(stack, body.destination))?.equals(film)).toBe(true);
});

test.each(names)(
  "%s: failed by Storage, reported with a cause, and leaves nothing behind",
  async (name) => {
    const { stack, id, body } = await startCopy(name, slowly);
    await stack.clock.advance(10_000);
    stack.local.emulator.copies.fail(parsePath(body.destination));
    expect(await stack.untilEnded(id, 1)).toMatchObject({
      status: "failed",
      copyStatus: "failed",
      error: { cause: "source-unreadable", storage: { status: 500, code: "OperationCancelled" } },
      residue: [],
    });
    expect(await readDestination(stack, body.destination)).toBeNull();
  },
);

test.each(names)("%s: aborted by its copyId, and leaves nothing behind", async (name) => {
  const { stack, id, body } = await startCopy(name, slowly);
  await stack.clock.advance(10_000);
  const { copyId } = await stack.get(id);
  expect((await stack.call("POST", `/copies/${id}/abort`)).status).toBe(202);
  expect(await stack.untilEnded(id, 1)).toMatchObject({
    status: "aborted",
    copyStatus: "aborted",
    abortRequested: true,
    residue: [],
  });
  const aborts = stack.local.emulator.requests.filter(
    ({ headers }) => headers["x-ms-copy-action"] === "abort",
  );
  expect(
    aborts.map(({ url }) => new URL(url, "http://storage").searchParams.get("copyid")),
  ).toEqual([copyId]);
  expect(await readDestination(stack, body.destination)).toBeNull();
});
