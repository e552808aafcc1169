import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AzureCliError } from "../../../infra/hooks/azure-cli.ts";
import type { AzureCli } from "../../../infra/hooks/azure-cli.ts";
import { backendOfPackage, checkPackage } from "../../../infra/hooks/check-package.ts";
import { createSealingKey } from "../../../infra/hooks/create-sealing-key.ts";
import { deployEvents } from "../../../infra/hooks/deploy-events.ts";
import { hostJsonFor } from "../../../infra/package/host-json.ts";
import { readVariables } from "../../../infra/hooks/environment.ts";

/** An Azure CLI that returns the responses listed for each command, in order; the last one is repeated. */
function cli(answers: Record<string, (string | Error)[]>) {
  const calls: { command: string; options: Record<string, string> }[] = [];
  const az: AzureCli = async (command, options) => {
    calls.push({ command, options });
    const list = answers[command] ?? [""];
    const answer = list.length > 1 ? list.shift() : list[0];
    if (answer instanceof Error) throw answer;
    return answer ?? "";
  };
  return { az, calls };
}

const pauses = () => {
  const waited: number[] = [];
  return { waited, pause: async (ms: number) => void waited.push(ms) };
};

const vault = { vault: "kv-1", secret: "copy-secret-keys" };

test("the sealing key is created if the vault has none", async () => {
  const written: string[] = [];
  const { az, calls } = cli({});
  const reading: AzureCli = async (command, options) => {
    if (options["file"] !== undefined) written.push(await readFile(options["file"], "utf8"));
    return await az(command, options);
  };
  expect(await createSealingKey({ az: reading, ...vault, ...pauses() })).toMatch(/Created/);
  expect(Buffer.from(written[0] ?? "", "base64")).toHaveLength(32);
  expect(written[0]).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  // The key is in a file, because every user sees the arguments of a process.
  expect(JSON.stringify(calls)).not.toContain(written[0]);
});

test("a sealing key that exists is never replaced", async () => {
  const { az, calls } = cli({ "keyvault secret list": ["other\ncopy-secret-keys"] });
  expect(await createSealingKey({ az, ...vault, ...pauses() })).toMatch(/has the sealing key/);
  expect(calls.some(({ command }) => command.endsWith("set"))).toBe(false);
});

test("a deleted sealing key is not replaced, and the message states how to recover it", async () => {
  const { az, calls } = cli({ "keyvault secret list-deleted": ["copy-secret-keys"] });
  await expect(createSealingKey({ az, ...vault, ...pauses() })).rejects.toThrow(
    "az keyvault secret recover --vault-name kv-1 --name copy-secret-keys",
  );
  expect(calls.some(({ command }) => command.endsWith("set"))).toBe(false);
});

test("the hook waits for a role assignment that has not reached Key Vault yet", async () => {
  const forbidden = new AzureCliError("(Forbidden) Caller is not authorized");
  const { az } = cli({ "keyvault secret list": [forbidden, forbidden, ""] });
  const { waited, pause } = pauses();
  expect(await createSealingKey({ az, ...vault, pause })).toMatch(/Created/);
  expect(waited).toEqual([15_000, 15_000]);
});

test("without the role, the hook fails after five minutes", async () => {
  const { az } = cli({ "keyvault secret list": [new AzureCliError("(Forbidden)")] });
  const { waited, pause } = pauses();
  await expect(createSealingKey({ az, ...vault, pause })).rejects.toThrow("(Forbidden)");
  expect(waited).toHaveLength(19);
});

test("a package for another task hub is not deployed", () => {
  const own = readFileSync("host.json", "utf8");
  const scheduler = hostJsonFor("scheduler", own);
  expect(backendOfPackage(scheduler)).toBe("scheduler");
  expect(backendOfPackage(hostJsonFor("storage", own))).toBe("storage");
  expect(() => checkPackage(scheduler, "scheduler")).not.toThrow();
  expect(() => checkPackage(scheduler, "storage")).toThrow(/"scheduler".+"storage"/);
});

test("every variable that azd did not pass is named", () => {
  expect(() => readVariables({ B: "b", C: "" }, ["A", "B", "C"])).toThrow(/A, C/);
  expect(readVariables({ B: "b" }, ["B"])).toEqual({ B: "b" });
});

const variables = {
  AZURE_ENV_NAME: "prod",
  AZURE_LOCATION: "westeurope",
  FERRY_APP_ID: "/subscriptions/1/app",
  FERRY_STATE_ACCOUNT_ID: "/subscriptions/1/account",
  FERRY_DEAD_LETTERS: "dead-letters",
};

async function templatesWith(copies: unknown[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "ferry-hooks-"));
  const infra = join(import.meta.dirname, "../../../infra");
  await cp(join(infra, "events.parameters.json"), join(directory, "events.parameters.json"));
  const parameters = {
    copies: { value: copies },
    routes: { value: [] },
    location: { value: "x" },
    eventQueue: { value: "copy-events" },
    actionGroupId: { value: "/operators" },
  };
  await writeFile(join(directory, "main.parameters.json"), JSON.stringify({ parameters }));
  return directory;
}

test("the subscriptions are deployed with the same copies and routes, once the function is listed", async () => {
  const copies = [{ from: { service: "blob" }, to: { service: "blob" } }];
  const directory = await templatesWith(copies);
  const documents: unknown[] = [];
  const { az, calls } = cli({
    "resource show": [new AzureCliError("(NotFound) storageEvents"), ""],
    "deployment sub create": [new AzureCliError("Destination endpoint not found"), ""],
  });
  const reading: AzureCli = async (command, options) => {
    const file = options["parameters"]?.slice(1);
    if (file !== undefined) documents.push(JSON.parse(await readFile(file, "utf8")));
    return await az(command, options);
  };
  const log: string[] = [];
  const { waited, pause } = pauses();
  await deployEvents({ az: reading, directory, variables, log: (line) => log.push(line), pause });
  expect(waited).toEqual([30_000, 30_000]);
  expect(calls.map(({ command }) => command)).toEqual([
    "resource show",
    "resource show",
    "deployment sub create",
    "deployment sub create",
  ]);
  expect(documents[0]).toMatchObject({
    parameters: {
      copies: { value: copies },
      routes: { value: [] },
      existingTopics: { value: [] },
      eventQueue: { value: "copy-events" },
      actionGroupId: { value: "/operators" },
      appId: { value: variables.FERRY_APP_ID },
      stateAccountId: { value: variables.FERRY_STATE_ACCOUNT_ID },
      deadLetterContainer: { value: "dead-letters" },
    },
  });
  expect(log.at(-1)).toMatch(/^Subscribed/);
});

test("a failure that waiting cannot fix ends the hook immediately", async () => {
  const directory = await templatesWith([]);
  const { az } = cli({ "resource show": [new AzureCliError("AuthorizationFailed")] });
  const { waited, pause } = pauses();
  await expect(deployEvents({ az, directory, variables, log: () => {}, pause })).rejects.toThrow(
    "AuthorizationFailed",
  );
  expect(waited).toEqual([]);
});
