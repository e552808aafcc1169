import { statSync } from "node:fs";
import { join, relative } from "node:path";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { chromium } from "playwright-core";
import { createFerry } from "../../src/client/ferry.ts";
import { systemClock } from "../../src/local/clock.ts";
import { startLocalStack } from "../../src/local/local-stack.ts";
import { findChromium, hasSandbox, noChromium } from "./support/chromium.ts";

/*
 * `npm run picture`: makes the picture of the dashboard in the README from a real run: the app copies on the local
 * stack, in real time. It takes half a minute.
 */

const root = join(import.meta.dirname, "../..");
const picture = join(root, "src/dashboard/dashboard.png");
const maxBytes = 200_000;
const megabyte = 1_000_000;

const executablePath = findChromium();
if (executablePath === null) throw new Error(`Cannot make the picture because ${noChromium}`);
const stack = await startLocalStack({
  appDirectory: root,
  stateDirectory: null,
  clock: systemClock(),
  functionsPort: 0,
  blobPort: 10_000,
  log({ level, subject, message }) {
    if (level === "error" || level === "critical") console.error(`${subject} ${message}`);
  },
  copies: { bytesPerSecond: megabyte },
});
const browser = await chromium.launch({ executablePath, chromiumSandbox: hasSandbox });
try {
  const [account = { name: "", key: "" }] = stack.emulator.accounts;
  const storage = new BlobServiceClient(
    `${stack.emulator.blobUrl}/${account.name}`,
    new StorageSharedKeyCredential(account.name, account.key),
  );
  const blob = (path: string) => {
    const [container = "", ...name] = path.split("/");
    return storage.getContainerClient(container).getBlockBlobClient(name.join("/"));
  };
  for (const name of ["inbox", "archive"]) await storage.getContainerClient(name).create();
  const ferry = createFerry({ url: stack.host.url });
  const start = (source: string, destination: string) =>
    ferry.start({ source: blob(source).url, destination: blob(destination).url });
  const copy = async (name: string, megabytes: number, destination = `archive/${name}`) => {
    await blob(`inbox/${name}`).uploadData(Buffer.alloc(megabytes * megabyte));
    return start(`inbox/${name}`, destination);
  };

  const page = await browser.newPage({
    viewport: { width: 1_360, height: 720 },
    colorScheme: "light",
  });
  await page.goto(`${stack.host.url}/api/dashboard`);
  const pause = (seconds: number) => page.waitForTimeout(seconds * 1_000);
  await copy("2026/trailer.mp4", 6);
  await copy("photos/harbour.raw", 10);
  await pause(5);
  await copy("backups/db-2026-11-20.bak", 18);
  const mistake = await copy("2026/interview-old.mov", 24);
  await pause(6);
  await ferry.abort(mistake.id);
  await copy("2026/interview.mov", 60);
  await pause(5);
  await copy("2026/\u202egpj.exe", 48);
  const failed = await copy("2026/trailer-v2.mp4", 1, "archive/2026/trailer.mp4");
  await copy("2026/film.mp4", 90);
  await pause(12);
  await page.locator(`[data-id="${failed.id}"]`).click();
  await page.getByRole("heading", { name: "Timeline" }).waitFor();
  await pause(2);
  await page.screenshot({ path: picture });
  const { size } = statSync(picture);
  if (size > maxBytes) throw new Error(`The picture has more than ${maxBytes} bytes: ${size}`);
  console.log(`Made ${relative(root, picture)} (${Math.ceil(size / 1_000)} kB)`);
} finally {
  await browser.close();
  await stack.close();
}
