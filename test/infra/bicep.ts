import { execFile } from "node:child_process";
import { chmod, cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../extension/support/processes/paths.ts";

const run = promisify(execFile);

/** The version in `compiler/compiler.csproj`. */
const version = "0.49.2";
const program = join(
  process.env["NUGET_PACKAGES"] ?? join(homedir(), ".nuget/packages"),
  `azure.bicep.commandline.linux-x64/${version}/tools/bicep`,
);

export const templates = join(root, "infra");

/** Restores the compiler with NuGet. Throws if the .NET SDK is missing or NuGet cannot be reached. */
export async function restoreCompiler(): Promise<void> {
  await run("dotnet", ["restore", join(root, "test/infra/compiler/compiler.csproj")], {
    env: { ...process.env, CONTAINER_NAME: "", DOTNET_NOLOGO: "1" },
  });
  // NuGet does not mark the files of a package as executable for every user.
  await chmod(program, 0o755);
}

/** The lines that the compiler's linter prints about a template: errors, warnings and notes; empty if it finds nothing. */
export async function lint(file: string): Promise<string[]> {
  return lines(await bicep("lint", file));
}

/** Compiles a template to JSON. Returns the diagnostics instead if there are any. */
export async function build(file: string): Promise<{ template: unknown; diagnostics: string[] }> {
  const { stdout, stderr } = await bicep("build", file, "--stdout");
  const diagnostics = lines({ stdout: "", stderr });
  return { template: diagnostics.length > 0 ? null : JSON.parse(stdout), diagnostics };
}

/** A resource that a deployment would create, as the compiler predicts it. */
export type Resource = {
  id: string;
  type: string;
  name: string;
  location?: string;
  kind?: string;
  tags?: Record<string, string>;
  identity?: { type: string };
  sku?: { name: string };
  properties?: unknown;
};

export type Snapshot = { predictedResources: Resource[]; diagnostics: unknown[] };

/** Invented ids, because a snapshot must not depend on who makes it. */
const place = [
  ["--tenant-id", "00000000-0000-0000-0000-00000000000a"],
  ["--subscription-id", "00000000-0000-0000-0000-000000000001"],
  ["--location", "westeurope"],
  ["--deployment-name", "ferry"],
].flat();

/**
 * Predicts a deployment. `parameters`: a `.bicepparam` file. The compiler writes the snapshot next to it, so call this
 * only in a copy of the templates.
 */
export async function predict(parameters: string): Promise<Snapshot> {
  const { stdout, stderr } = await bicep("snapshot", parameters, "--mode", "overwrite", ...place);
  const diagnostics = lines({ stdout, stderr });
  if (diagnostics.length > 0)
    throw new Error(`Cannot predict ${parameters}: ${diagnostics.join("; ")}`);
  const text = await readFile(parameters.replace(/\.bicepparam$/, ".snapshot.json"), "utf8");
  return JSON.parse(text) as Snapshot; // the format of `bicep snapshot`
}

/** Runs `work` in a copy of the templates, which it may change. */
export async function inCopy<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "ferry-infra-"));
  try {
    await cp(templates, directory, { recursive: true });
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function bicep(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  try {
    return await run(program, args, { maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    // The compiler exits with 1 when it has found an error, which it prints.
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    if (stdout === undefined || stderr === undefined) throw error;
    return { stdout, stderr };
  }
}

function lines({ stdout, stderr }: { stdout: string; stderr: string }): string[] {
  return `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
}
