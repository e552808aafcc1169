import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildCliPackage, bundleCli } from "../../../infra/cli-package/build-cli-package.ts";
import { copyBody, sendJson, startFixedApp } from "../../support/cli/fixed-app.ts";
import { runFerry } from "../../support/cli/run-ferry.ts";

/* `ferry` as a package: its contents, and that it works where nothing else is installed, on the user's own Node.js. */

const folder = mkdtempSync(join(tmpdir(), "ferry-cli-test-"));
const installed = join(folder, "project/node_modules");
const script = join(installed, "ferry-cli/dist/cli/main.js");
let tarball: string;

beforeAll(async () => {
  ({ tarball } = await buildCliPackage(process.cwd(), folder));
  const project = join(folder, "project");
  execFileSync("mkdir", [project]);
  writeFileSync(join(project, "package.json"), "{}");
  const install = ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", tarball];
  execFileSync("npm", install, { cwd: project, stdio: "ignore" });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The first `node` of PATH that is not a package of this project. */
function findOwnNode(): string | null {
  const places = (process.env["PATH"] ?? "").split(delimiter).map((place) => join(place, "node"));
  return places.find((path) => !path.includes("node_modules") && existsSync(path)) ?? null;
}

test("the command line loads no Azure SDK, no code of the app, and three libraries", async () => {
  const { modules } = await bundleCli(process.cwd());
  const paths = modules.map((path) => path.replace(`${process.cwd()}/`, ""));
  expect(paths).toContain("src/client/ferry.ts");
  const own = paths.filter((path) => path.startsWith("src/"));
  expect(
    own.filter((path) => !/^src\/(cli|client)\/|^src\/copy\/printable\.ts$/.test(path)),
  ).toEqual([]);
  const packages = new Set(
    paths.flatMap((path) => /node_modules\/(@[^/]+\/[^/]+|[^/]+)/.exec(path)?.[1] ?? []),
  );
  expect([...packages].filter((name) => name.startsWith("@azure"))).toEqual([]);
  for (const name of ["commander", "cli-progress", "@bomb.sh/tab"])
    expect(packages).toContain(name);
});

test("the package is installed without a network, and depends on nothing", () => {
  expect(readdirSync(installed).filter((name) => !name.startsWith("."))).toEqual(["ferry-cli"]);
  const about = JSON.parse(readFileSync(join(installed, "ferry-cli/package.json"), "utf8"));
  expect(about).not.toHaveProperty("dependencies");
  expect(statSync(tarball).size).toBeLessThan(150_000);
  const notices = readFileSync(join(installed, "ferry-cli/NOTICES.txt"), "utf8");
  expect(notices).toMatch(/^commander \d+\.\d+\.\d+: MIT$/m);
});

test("the installed command runs by its name, and reports the version of Ferry", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  const bin = join(installed, ".bin/ferry");
  expect(execFileSync(bin, ["--version"], { encoding: "utf8" })).toBe(`${version}\n`);
});

test("in a clone, npx runs the command that tsc builds, and asks no registry", () => {
  const env = {
    ...process.env,
    npm_config_cache: join(folder, "cache"),
    npm_config_offline: "true",
  };
  const args = ["--no-install", "ferry", "--version"];
  expect(execFileSync("npx", args, { encoding: "utf8", env })).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("the installed command calls the app on the user's own Node.js", async () => {
  const node = findOwnNode() ?? process.execPath;
  const copy = copyBody();
  const url = await startFixedApp((_, response) => sendJson(response, copy));
  const ended = await runFerry(["wait", copy.id, "--json"], {
    node,
    script,
    env: { FERRY_URL: url },
  });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(ended.stdout)).toEqual(copy);
});

test("the command that tsc builds runs on the user's own Node.js too", async () => {
  const node = findOwnNode() ?? process.execPath;
  const { code, stdout } = await runFerry(["--help"], { node });
  expect(code).toBe(0);
  expect(stdout).toMatch(/\nExit codes:\n {2}0 {4}done/);
});

test.each(["bash", "zsh", "fish", "powershell"])(
  "ferry completion prints a script for %s",
  async (shell) => {
    const { code, stdout } = await runFerry(["completion", shell], { script });
    expect(code).toBe(0);
    expect(stdout).toMatch(/ferry complete -- |'ferry'/);
  },
);

test.each([
  [["re"], ["retry"]],
  [
    ["copy", "a", "b", "--overwrite", ""],
    ["fail", "skip", "if-newer", "always"],
  ],
  [["list", "--status", "f"], ["failed"]],
])("completion of %j", async (words, expected) => {
  const { code, stdout } = await runFerry(["complete", "--", ...words], { script });
  expect(code).toBe(0);
  const lines = stdout
    .trimEnd()
    .split("\n")
    .filter((line) => !line.startsWith(":"));
  expect(lines.map((line) => line.split("\t")[0])).toEqual(expected);
});
