import { execFile } from "node:child_process";
import { promisify } from "node:util";

/**
 * Runs a command of the Azure CLI, for example "keyvault secret list", with options by name without the hyphens.
 * Returns its output. Throws `AzureCliError`.
 */
export type AzureCli = (command: string, options: Record<string, string>) => Promise<string>;

/** The Azure CLI failed; `message` is its output. */
export class AzureCliError extends Error {
  override name = "AzureCliError" as const;
}

const run = promisify(execFile);

export const azureCli: AzureCli = async (command, options) => {
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const args = [...command.split(" "), ...flags];
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
