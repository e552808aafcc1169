import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { Shell } from "./shell.ts";
import { UsageError } from "./usage-error.ts";

/** The app's URL, the name that messages use for its setting, and the key. */
export type Connection = { url: string; urlName: string; key: string | undefined };

/** The URL of the app that `npm start` runs. */
const localUrl = "http://127.0.0.1:7071";

type User = Pick<Shell, "env" | "home" | "userId">;

/**
 * Reads the URL and the key from `FERRY_URL` and `FERRY_KEY`, or else from the configuration file. The key of the file
 * belongs to the URL of the file: it is not used for another app.
 */
export function readConnection(user: User): Connection {
  const { env } = user;
  const path = configPath(user);
  const file = readConfigFile(user);
  const { url, urlName } = readUrl(env, file.url, path);
  const fileKey = originOf(file.url ?? localUrl) === originOf(url) ? file.key : undefined;
  const envKey = nonEmpty(env["FERRY_KEY"]);
  const key = envKey ?? fileKey;
  if (key !== undefined && isExposed(url)) {
    throw new UsageError(
      `Cannot send the key to ${originOf(url)} because http is not encrypted`,
      `Use https:// in ${urlName}, or ${envKey === undefined ? `remove the key from ${path}` : "unset FERRY_KEY"}`,
    );
  }
  return { url, urlName, key };
}

function readUrl(
  env: User["env"],
  inFile: string | undefined,
  path: string,
): Pick<Connection, "url" | "urlName"> {
  const inEnv = nonEmpty(env["FERRY_URL"]);
  if (inEnv !== undefined) return { url: inEnv, urlName: "FERRY_URL" };
  if (inFile !== undefined) return { url: inFile, urlName: `the URL in ${path}` };
  return { url: localUrl, urlName: "the default URL (FERRY_URL sets another)" };
}

export function configPath({ env, home }: Pick<User, "env" | "home">): string {
  const configured = env["XDG_CONFIG_HOME"] ?? "";
  // Relative paths are invalid ("XDG Base Directory Specification").
  const folder = isAbsolute(configured) ? configured : join(home, ".config");
  return join(folder, "ferry", "config.json");
}

function readConfigFile(user: User): { url?: string; key?: string } {
  const path = configPath(user);
  const text = readPrivateFile(path, user.userId);
  if (text === null) return {};
  const fail = (reason: string) =>
    new UsageError(
      `Cannot use ${path} because ${reason}`,
      'It must be JSON such as {"url": "https://example.azurewebsites.net", "key": "…"}',
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The error of JSON.parse quotes the text, which contains the key.
    throw fail("it is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw fail("it is not an object");
  }
  const fields = Object.entries(value);
  for (const [name, content] of fields) {
    if (name !== "url" && name !== "key") {
      // A key that was pasted in the wrong place is not shown.
      throw fail(/^[\w-]{1,30}$/.test(name) ? `it has an unknown field: ${name}` : unknownField);
    }
    if (typeof content !== "string") throw fail(`its ${name} is not a text`);
  }
  return Object.fromEntries(fields);
}

const unknownField = "it has a field that is neither url nor key";

/** Returns the content of a file that only its owner can open; null if there is no such file. */
function readPrivateFile(path: string, userId: number | null): string | null {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new UsageError(`Cannot read ${path} because the system denies it: ${code}`);
  }
  try {
    const status = fstatSync(file);
    const { mode, uid } = status;
    if (!status.isFile()) throw new UsageError(`Cannot read ${path} because it is not a file`);
    if (userId !== null && (mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8);
      throw new UsageError(
        `Cannot use ${path} because other users may open it: mode ${shown}`,
        `Run chmod 600 ${path}`,
      );
    }
    if (userId !== null && uid !== userId) {
      throw new UsageError(`Cannot use ${path} because it belongs to another user: ${uid}`);
    }
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : "";
}

function isExposed(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  const isLoopback =
    hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  return protocol === "http:" && !isLoopback;
}
