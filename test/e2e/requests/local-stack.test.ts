import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../src/local/clock.ts";
import { startLocalStack } from "../../../src/local/local-stack.ts";
import type { LocalStackOptions } from "../../../src/local/local-stack.ts";
import { send } from "../../support/host/raw-http.ts";
import { appDirectory } from "../../support/app-directory.ts";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ferry-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function start(options: Partial<LocalStackOptions>) {
  const stack = await startLocalStack({
    appDirectory,
    stateDirectory: null,
    clock: systemClock(),
    functionsPort: 0,
    blobPort: 0,
    log: () => {},
    ...options,
  });
  onTestFinished(() => stack.close());
  return stack;
}

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

test.each([
  ["a new folder", null],
  ["a folder that everyone can read", 0o755],
  ["a folder that everyone can write", 0o777],
  ["a folder that the group can enter", 0o710],
  ["a folder with the right mode", 0o700],
])("only the owner can open the state: %s", async (_, mode) => {
  const stateDirectory = join(temporaryFolder(), ".local");
  if (mode !== null) {
    mkdirSync(stateDirectory);
    chmodSync(stateDirectory, mode);
  }
  await start({ stateDirectory });
  expect(modeOf(stateDirectory)).toBe("700");
  expect(readdirSync(stateDirectory)).toContain("storage.sqlite");
  expect(modeOf(join(stateDirectory, "copy-secret-key"))).toBe("600");
});

test("an existing folder above the state's keeps its mode", async () => {
  const above = join(temporaryFolder(), "above");
  mkdirSync(above);
  chmodSync(above, 0o755);
  const stateDirectory = join(above, "between", ".local");
  await start({ stateDirectory });
  expect([above, join(above, "between"), stateDirectory].map(modeOf)).toEqual([
    "755",
    "700",
    "700",
  ]);
});

test("LOCAL_HOST_NAMES applies to the app and to both services of the emulator", async () => {
  const { host, emulator } = await start({ settings: { LOCAL_HOST_NAMES: "devbox" } });
  for (const port of [host.port, emulator.port, emulator.filePort]) {
    const statusOf = async (name: string) =>
      (await send(port, { path: "/", headers: { host: name } })).status;
    expect(await statusOf("devbox:80")).not.toBe(421);
    expect(await statusOf("localhost")).not.toBe(421);
    expect(await statusOf("other")).toBe(421);
  }
});

test("the environment overrides LOCAL_HOST_NAMES, for the app and for the emulator", async () => {
  process.env["LOCAL_HOST_NAMES"] = "elsewhere";
  onTestFinished(() => void delete process.env["LOCAL_HOST_NAMES"]);
  const { host, emulator } = await start({ settings: { LOCAL_HOST_NAMES: "devbox" } });
  for (const port of [host.port, emulator.port]) {
    const statusOf = async (name: string) =>
      (await send(port, { path: "/", headers: { host: name } })).status;
    expect(await statusOf("elsewhere")).not.toBe(421);
    expect(await statusOf("devbox")).toBe(421);
  }
});

test("the start fails for an invalid name, and releases the state", async () => {
  const stateDirectory = join(temporaryFolder(), ".local");
  const settings = { LOCAL_HOST_NAMES: "http://devbox" };
  await expect(start({ stateDirectory, settings })).rejects.toThrow(
    'without scheme and port: "http://devbox"',
  );
  await start({ stateDirectory });
});
