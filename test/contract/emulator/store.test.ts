import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  BlobSASPermissions,
  BlobServiceClient,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { expect, test } from "vitest";
import { accounts } from "../../../src/local/storage/auth/accounts.ts";
import {
  atEnd,
  day,
  kib,
  noon,
  rejection,
  second,
  startStorage,
  uploadBlob,
} from "../../support/stack/emulator.ts";

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "emulator-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function rows(file: string, table: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  const row = database.prepare(`SELECT count(*) AS count FROM ${table}`).get();
  database.close();
  return Number(row?.["count"]);
}

test("a restart on the same file keeps all content, and a pending copy continues in the meantime", async () => {
  const file = join(freshFolder(), "deep", "storage.db");
  const first = await startStorage({ file, copies: { bytesPerSecond: kib } });
  const { clock } = first;
  const source = await uploadBlob(first.service, Buffer.alloc(10 * kib, "x"));
  await source.getBlobLeaseClient().acquireLease(-1);
  const copy = first.service.getContainerClient("source").getBlockBlobClient("copy");
  await copy.beginCopyFromURL(source.url);
  await copy.beginCopyFromURL(source.url).catch(() => {});
  await first.service
    .getContainerClient("source")
    .getBlockBlobClient("staged")
    .stageBlock("AAAA", "xyz", 3);
  const { etag } = await source.getProperties();
  await clock.advance(2 * second);
  await first.emulator.close();
  await clock.advance(3 * second);

  const again = await startStorage({ file, clock });
  const box = again.service.getContainerClient("source");
  expect(await box.getBlobClient("film.mp4").getProperties()).toMatchObject({
    etag,
    leaseState: "leased",
  });
  expect((await box.getBlobClient("copy").getProperties()).copyProgress).toBe(
    `${5 * kib}/${10 * kib}`,
  );
  await clock.advance(5 * second);
  expect((await box.getBlobClient("copy").getProperties()).copyStatus).toBe("success");
  const staged = box.getBlockBlobClient("staged");
  await staged.commitBlockList(["AAAA"]);
  expect((await staged.downloadToBuffer()).toString()).toBe("xyz");
});

test("an emulator that is killed loses no acknowledged write", async () => {
  const file = join(freshFolder(), "storage.db");
  const source = (path: string) => new URL(`../../../src/local/${path}`, import.meta.url).href;
  const program = `
    import { systemClock } from "${source("clock.ts")}";
    import { startStorageEmulator } from "${source("storage/emulator.ts")}";
    const emulator = await startStorageEmulator({ clock: systemClock(), blobPort: 0, file: process.argv[1] });
    process.stdout.write(emulator.blobUrl);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  atEnd(() => void child.kill("SIGKILL"));
  const [url] = (await once(child.stdout, "data")) as [Buffer];
  const account = accounts[0] ?? { name: "", key: "" };
  const service = new BlobServiceClient(
    `${url.toString()}/${account.name}`,
    new StorageSharedKeyCredential(account.name, account.key),
    { retryOptions: { maxTries: 1 } },
  );
  await service.createContainer("box");
  const acknowledged: string[] = [];
  const box = service.getContainerClient("box");
  for (let index = 0; index < 20; index++) {
    await box.getBlockBlobClient(`blob-${index}`).upload("abc", 3);
    acknowledged.push(`blob-${index}`);
  }
  const unanswered = box
    .getBlockBlobClient("late")
    .upload("abc", 3)
    .catch(() => {});
  child.kill("SIGKILL");
  await once(child, "exit");
  await unanswered;

  const again = await startStorage({ file });
  for (const name of acknowledged) {
    const blob = again.service.getContainerClient("box").getBlobClient(name);
    expect((await blob.downloadToBuffer()).toString()).toBe("abc");
  }
});

test("copies share their content, and unreferenced content is removed", async () => {
  const file = join(freshFolder(), "storage.db");
  const { service, clock } = await startStorage({ file });
  const source = await uploadBlob(service, "abc");
  const box = service.getContainerClient("source");
  for (const name of ["one", "two"]) {
    await box.getBlockBlobClient(name).beginCopyFromURL(source.url);
  }
  await clock.advance(day);
  expect((await box.getBlobClient("two").downloadToBuffer()).toString()).toBe("abc");
  expect(rows(file, "piece")).toBe(1);

  await source.upload("new", 3);
  expect(rows(file, "piece")).toBe(2);
  await box.getBlockBlobClient("one").upload("", 0);
  await box.getBlobClient("two").delete();
  expect(rows(file, "piece")).toBe(1);
  await box.getBlockBlobClient("staged").stageBlock("AAAA", "x", 1);
  await box.getBlockBlobClient("staged").stageBlock("AAAA", "y", 1);
  expect(rows(file, "piece")).toBe(2);
  await source.beginCopyFromURL(source.url);
  expect(rows(file, "piece")).toBe(2);
  await source.abortCopyFromURL((await source.getProperties()).copyId ?? "");
  expect(rows(file, "piece")).toBe(1);
  await service.deleteContainer("source");
  expect([rows(file, "piece"), rows(file, "content"), rows(file, "blob")]).toEqual([0, 0, 0]);
});

test("no signature or key is stored in the database, the recorded requests or the log", async () => {
  const folder = freshFolder();
  const { service, otherService, emulator, logged } = await startStorage({
    file: join(folder, "storage.db"),
    copies: { finishOnStart: "always" },
  });
  const source = await uploadBlob(service, "abc");
  await otherService.createContainer("far");
  const far = otherService.getContainerClient("far").getBlockBlobClient("far");
  const sas = await source.generateSasUrl({
    permissions: BlobSASPermissions.parse("r"),
    expiresOn: new Date(noon + day),
  });
  const signature = new URL(sas).searchParams.get("sig") ?? "";
  await far.beginCopyFromURL(sas);
  await fetch(sas);
  const nested = `${source.url}?next=${encodeURIComponent(sas)}`;
  await fetch(nested);
  await fetch(`${source.url}?next=${encodeURIComponent(nested)}`);
  await fetch(source.url, {
    headers: { authorization: `SharedKey devstoreaccount1:${signature}` },
  });
  const rejected = await fetch(source.url, {
    method: "PUT",
    headers: {
      authorization: `SharedKey devstoreaccount1:${signature}`,
      "x-ms-copy-source": sas,
      "x-ms-date": new Date(noon).toUTCString(),
    },
  });
  const response = await rejected.text();
  expect(rejected.status).toBe(403);
  expect(
    await rejection(
      far.beginCopyFromURL(`http://127.0.0.1:1/x?token=${encodeURIComponent(signature)}`),
    ),
  ).toEqual({ status: 500, code: "CannotVerifyCopySource" });

  const texts = [
    response,
    JSON.stringify(emulator.requests),
    logged.join("\n"),
    JSON.stringify(await far.getProperties()),
    ...readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1")),
  ];
  expect(signature.length).toBeGreaterThan(40);
  const forms = [
    accounts[0]?.key ?? signature,
    signature,
    encodeURIComponent(signature),
    encodeURIComponent(encodeURIComponent(signature)),
    encodeURIComponent(encodeURIComponent(encodeURIComponent(signature))),
  ];
  for (const form of forms) {
    for (const text of texts) expect(text).not.toContain(form);
  }
  expect(emulator.requests.map(({ headers }) => headers["authorization"])).toContain(
    "SharedKey devstoreaccount1:REDACTED",
  );
  expect(logged.join("\n")).toContain("sig=REDACTED");
});

test("a database with a different schema is rejected", async () => {
  const file = join(freshFolder(), "storage.db");
  const database = new DatabaseSync(file);
  database.exec("PRAGMA user_version = 99");
  database.close();
  await expect(startStorage({ file })).rejects.toThrow(
    /schema has version 99, not \d+\. Delete its folder/,
  );
});
