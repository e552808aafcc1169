import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Runs the Azure CLI, and returns what it prints. Throws `AzureCliError`. */
export type AzureCli = (...args: string[]) => Promise<string>;

/** The Azure CLI failed; `message` is what it printed. */
export class AzureCliError extends Error {
  override name = "AzureCliError" as const;
}

const run = promisify(execFile);

export const azureCli: AzureCli = async (...args) => {
  try {
    const { stdout } = await run("az", args, { maxBuffer: 16 * 1024 * 1024 });
    return stdout.trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new AzureCliError(
        "Cannot find the Azure CLI (az): install it, and sign in with: az login",
        { cause: error },
      );
    }
    const { stderr } = error as { stderr?: string };
    throw new AzureCliError((stderr ?? String(error)).trim(), { cause: error });
  }
};
