import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { AzureCliCredential } from "@azure/identity";
import { BlockBlobClient } from "@azure/storage-blob";
import { ShareFileClient } from "@azure/storage-file-share";
import { verify } from "./checks.ts";
import type { TestObjects, VerifiedRoute } from "./checks.ts";

/*
 * Run once after a deployment, by a person who is signed in with the Azure CLI and may write the sources and read the
 * destinations:
 *
 *   FERRY_URL=https://… FERRY_KEY=… node infra/verify/verify.ts
 *
 * Reads the pairs and routes from the app's settings, so that it checks what is deployed. Exits with 1 if a check failed.
 */

const { FERRY_URL: url, FERRY_KEY: key, FERRY_SETTINGS: settingsFile } = process.env;
if (url === undefined || key === undefined || settingsFile === undefined) {
  console.error(
    "Set FERRY_URL (the output of the deployment), FERRY_KEY (a function key) and FERRY_SETTINGS (a file written by: az functionapp config appsettings list --name … --resource-group …). See infra/README.md",
  );
  process.exit(1);
}

const settings = JSON.parse(await readFile(join(process.cwd(), settingsFile), "utf8")) as {
  name: string;
  value: string;
}[]; // the Azure CLI's format
const setting = (name: string): unknown =>
  JSON.parse(settings.find((entry) => entry.name === name)?.value ?? "[]");

const credential = new AzureCliCredential();
const blob = (target: string) => new BlockBlobClient(target, credential);
const file = (target: string) =>
  new ShareFileClient(target, credential, { fileRequestIntent: "backup" });
const isFile = (target: string) => new URL(target).hostname.includes(".file.");

const storage: TestObjects = {
  async create(target, text) {
    const content = Buffer.from(text);
    if (!isFile(target)) await blob(target).upload(content, content.length);
    else {
      await file(target).create(content.length);
      await file(target).uploadRange(content, 0, content.length);
    }
  },
  async read(target) {
    const read = isFile(target) ? file(target).downloadToBuffer() : blob(target).downloadToBuffer();
    return await read.then(
      (content) => content.toString(),
      (error: { statusCode?: number }) => {
        if (error.statusCode === 404) return null;
        throw error;
      },
    );
  },
  async remove(target) {
    await (isFile(target) ? file(target).deleteIfExists() : blob(target).deleteIfExists());
  },
};

const failed = await verify({
  api: async (method, path, body) => {
    const response = await fetch(`${url}/api${path}`, {
      method,
      headers: { "content-type": "application/json", "x-functions-key": key },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as object };
  },
  storage,
  pairs: setting("COPY_ALLOWED") as { from: string; to: string }[], // the template's own JSON, as below
  routes: setting("COPY_ROUTES") as VerifiedRoute[],
  id: randomUUID().slice(0, 8),
  now: Date.now,
  pause: (ms) => setTimeout(ms),
  report: console.log,
});
process.exit(failed === 0 ? 0 : 1);
