import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../../src/local/clock.ts";
import { startStorageEmulator } from "../../../../src/local/storage/emulator.ts";

const hasRclone = spawnSync("rclone", ["version"]).status === 0;
const isSkipped = !hasRclone && process.env["CI"] !== "true";
if (isSkipped) console.log("Skipped the commands of rclone because rclone is not installed");

/** An emulator on the real clock, because rclone signs with it, and a function that runs one command. */
async function start() {
  const emulator = await startStorageEmulator({
    clock: systemClock(),
    blobPort: 0,
    file: ":memory:",
    copies: { finishOnStart: "same-account" },
  });
  const folder = mkdtempSync(join(tmpdir(), "ferry-rclone-"));
  onTestFinished(async () => {
    await emulator.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const [account] = emulator.accounts;
  const url = `${emulator.blobUrl}/${account?.name}`;
  const remote = `:azureblob,use_emulator=true,account=${account?.name},key="${account?.key}",endpoint="${url}":`;
  const run = (command: string) =>
    new Promise<{ code: number | null; output: string }>((resolve, reject) => {
      const words = command.split(" ").map((word) => word.replace("remote:", remote));
      const options = ["--config", "", "--retries", "1", "--low-level-retries", "1"];
      const child = spawn("rclone", [...options, ...words], { cwd: folder });
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => void (output += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => void (output += chunk.toString()));
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, output }));
    });
  return { emulator, folder, run };
}

test.skipIf(isSkipped)(
  "rclone, signing with the account's key, works",
  { timeout: 60_000 },
  async () => {
    const { emulator, folder, run } = await start();
    mkdirSync(join(folder, "up", "d"), { recursive: true });
    writeFileSync(join(folder, "up", "a.txt"), "hello");
    writeFileSync(join(folder, "up", "d", "ü #&.txt"), "");
    for (const command of [
      "mkdir remote:box",
      "copy up remote:box/up",
      "lsl remote:box",
      "lsjson -R remote:box",
      "md5sum remote:box",
      "size remote:box",
      "tree remote:box",
      "lsf -R remote:box",
      "check up remote:box/up",
      "copy remote:box/up remote:box/two",
      "sync remote:box/two down",
      "settier Cool remote:box/up/a.txt",
      "moveto remote:box/up/a.txt remote:box/moved.txt",
      "delete remote:box/two",
      "purge remote:box",
    ]) {
      const { code, output } = await run(command);
      expect(code, `${command}: ${output}`).toBe(0);
    }
    expect(readFileSync(join(folder, "down", "a.txt"), "utf8")).toBe("hello");
    // rclone signs the empty delimiter.
    expect(emulator.requests.some(({ url }) => /[?&]delimiter=(&|$)/.test(url))).toBe(true);
    const codes = emulator.requests.map(({ code }) => code ?? "");
    expect(codes).not.toContain("AuthenticationFailed");
    expect(codes).not.toContain("NotImplemented");
  },
);
