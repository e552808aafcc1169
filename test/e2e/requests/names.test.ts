import { expect, test } from "vitest";
import { createStackFiles } from "../../support/stack/stack-files.ts";
import { startStack } from "../../support/stack/test-stack.ts";

const film = Buffer.from("film");
const environment = { COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") };

const names = [
  "a b/c  d.mp4",
  "50%.mp4",
  "a%20b%2Fc.mp4",
  "a#b?c&d=e+f.mp4",
  "ünï/文/😀.mp4",
  "e\u0301 and é.mp4",
  "(a)[b]{c}!$',;=@~.mp4",
  ".hidden",
  "…",
];

test.each(names)("the blob %s is copied under its own name", async (name) => {
  const stack = await startStack();
  const source = await stack.upload(`inbox/${name}`, film);
  const destination = stack.blob(`archive/${name}`);
  const { id } = await stack.start({ source: source.url, destination: destination.url });
  expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "succeeded" });
  expect(await destination.downloadToBuffer()).toEqual(film);
  const all: string[] = [];
  for await (const blob of stack.container("archive").listBlobsFlat()) all.push(blob.name);
  expect(all).toEqual([name]);
});

test.each(["dots.../a.", "a.b.", "a/b./c"])(
  "the file %s is copied to a file; a copy to a blob would lose its dot and is rejected",
  async (name) => {
    const stack = await startStack({ environment });
    const files = createStackFiles(stack);
    const source = await files.upload(`drop/${name}`, film);
    await files.createFolders(`shelf/${name}`);
    const file = files.file(`shelf/${name}`);
    const { id } = await stack.start({ source: source.url, destination: file.url });
    expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "succeeded" });
    expect(await file.downloadToBuffer()).toEqual(film);

    const body = { source: files.sas(source), destination: stack.blob("archive/a").url };
    const response = await stack.call("POST", "/copies", { body });
    expect(response.status).toBe(400);
    expect(response.json.errors).toMatchObject([
      { pointer: "/source", message: expect.stringContaining("dot") },
    ]);
  },
);

test.each(names.filter((name) => !name.includes("?")))(
  "the file %s is copied under its own name, to a file and to a blob",
  async (name) => {
    const stack = await startStack({ environment });
    const files = createStackFiles(stack);
    const source = await files.upload(`drop/${name}`, film);
    await files.createFolders(`shelf/${name}`);
    const file = files.file(`shelf/${name}`);
    const toFile = await stack.start({ source: source.url, destination: file.url });
    expect(await stack.untilEnded(toFile.id, 1)).toMatchObject({ status: "succeeded" });
    expect(await file.downloadToBuffer()).toEqual(film);

    const blob = stack.blob(`archive/${name}`);
    const toBlob = await stack.start({ source: files.sas(source), destination: blob.url });
    expect(await stack.untilEnded(toBlob.id, 1)).toMatchObject({ status: "succeeded" });
    expect(await blob.downloadToBuffer()).toEqual(film);
  },
);

const flags = (headers: Record<string, string> | undefined) => ({
  destination: headers?.["x-ms-allow-trailing-dot"],
  source: headers?.["x-ms-source-allow-trailing-dot"],
});

test("the trailing-dot headers are sent for names that need them, and never for a blob source", async () => {
  const stack = await startStack({ environment });
  const files = createStackFiles(stack);
  for (const path of ["shelf/a.", "shelf/b"]) await files.createFolders(path);
  const plain = (await files.upload("drop/a", film)).url;
  const dotted = (await files.upload("drop/a.", film)).url;
  const blob = await stack.readSas(await stack.upload("inbox/a", film));
  const sent = [];
  for (const [source, destination] of [
    [plain, "shelf/b"],
    [dotted, "shelf/b"],
    [plain, "shelf/a."],
    [dotted, "shelf/a."],
    [blob, "shelf/a."],
    [blob, "shelf/b"],
  ] as const) {
    const options = { overwrite: "always" };
    const { id } = await stack.start({ source, destination: files.file(destination).url, options });
    expect(await stack.untilEnded(id, 1)).toMatchObject({ status: "succeeded" });
    const starts = stack.local.emulator.requests.filter(
      ({ operation }) => operation === "CopyFile",
    );
    sent.push(flags(starts.at(-1)?.headers));
  }
  expect(sent).toEqual([
    { destination: undefined, source: undefined },
    { destination: undefined, source: "true" },
    { destination: "true", source: undefined },
    { destination: "true", source: "true" },
    { destination: "true", source: undefined },
    { destination: undefined, source: undefined },
  ]);
});

test("file names that differ only in dots at the end of a part are two files with one lock", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1 } });
  const files = createStackFiles(stack);
  const source = (await files.upload("drop/a", Buffer.alloc(1_000))).url;
  for (const folder of ["shelf/a", "shelf/a."]) await files.createFolders(`${folder}/film`);
  await stack.start({ source, destination: files.file("shelf/a/film").url });
  const second = await stack.start({ source, destination: files.file("shelf/a./film.").url });
  expect(await stack.untilEnded(second.id, 1)).toMatchObject({
    status: "failed",
    error: { cause: "destination-busy" },
  });
});

test("file names that differ only in case are one destination with one lock", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1 } });
  const files = createStackFiles(stack);
  const source = (await files.upload("drop/a", Buffer.alloc(1_000))).url;
  await files.createFolders("shelf/film.mp4");
  await stack.start({ source, destination: files.file("shelf/film.mp4").url });
  const second = await stack.start({ source, destination: files.file("shelf/FILM.mp4").url });
  expect(await stack.untilEnded(second.id, 1)).toMatchObject({
    status: "failed",
    error: { cause: "destination-busy" },
  });
});
