import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { configPath, readConnection } from "../../../src/cli/connection.ts";

/* The settings of the command line: the app and the key. */

const url = "https://example.azurewebsites.net";
const key = "canary-key";

/** A user with this configuration file. */
function userWith(
  content: unknown,
  { mode = 0o600, env = {} }: { mode?: number; env?: object } = {},
) {
  const home = mkdtempSync(join(tmpdir(), "ferry-home-"));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const user = { env: { ...env }, home, userId: process.getuid?.() ?? null };
  if (content !== null) {
    const path = configPath(user);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    chmodSync(path, mode);
  }
  return user;
}

test("without settings, the app is that of npm start", () => {
  expect(readConnection(userWith(null))).toEqual({
    url: "http://127.0.0.1:7071",
    urlName: "the default URL (FERRY_URL sets another)",
    key: undefined,
  });
});

test("FERRY_URL and FERRY_KEY; an empty variable counts as absent", () => {
  const env = { FERRY_URL: ` ${url} `, FERRY_KEY: key };
  const named = { url, key, urlName: "FERRY_URL" };
  expect(readConnection(userWith(null, { env }))).toEqual(named);
  const user = userWith({ url, key }, { env: { FERRY_URL: "", FERRY_KEY: "" } });
  const urlName = `the URL in ${configPath(user)}`;
  expect(readConnection(user)).toEqual({ url, key, urlName });
});

test("the file is in XDG_CONFIG_HOME, or in ~/.config; a relative path does not count", () => {
  const home = "/home/u";
  const path = (folder?: string) =>
    configPath({ home, env: folder === undefined ? {} : { XDG_CONFIG_HOME: folder } });
  expect(path("/etc/xdg")).toBe("/etc/xdg/ferry/config.json");
  for (const other of [undefined, "", "relative"]) {
    expect(path(other)).toBe("/home/u/.config/ferry/config.json");
  }
});

test.each([
  ["the same app", `${url}/api`, key],
  ["another host", "https://other.azurewebsites.net", undefined],
  ["another port", `${url}:8443`, undefined],
  ["http", "http://example.azurewebsites.net", undefined],
])("the key of the file is sent only to the app of the file: %s", (_, other, expected) => {
  const user = userWith({ url, key }, { env: { FERRY_URL: other } });
  expect(readConnection(user).key).toBe(expected);
});

test("a key without a URL belongs to the app of npm start", () => {
  expect(readConnection(userWith({ key }))).toMatchObject({
    url: "http://127.0.0.1:7071",
    key,
  });
  expect(readConnection(userWith({ key }, { env: { FERRY_URL: url } })).key).toBeUndefined();
});

test.each([0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o777])(
  "a file that other users may open is rejected: mode %o",
  (mode) => {
    const user = userWith({ url, key }, { mode });
    expect(() => readConnection(user)).toThrow(/because other users may open it: mode \d{3}$/);
  },
);

test.each([0o600, 0o400, 0o700])("a file that only its owner may open is used: mode %o", (mode) => {
  expect(readConnection(userWith({ url, key }, { mode }))).toMatchObject({ url, key });
});

test("a file of another user is rejected", () => {
  const user = userWith({ url, key });
  const other = { ...user, userId: (user.userId ?? 0) + 1 };
  expect(() => readConnection(other)).toThrow(/because it belongs to another user/);
});

test.each<[string, unknown, RegExp]>([
  ["no JSON", `{"key":"${key}"`, /it is not JSON/],
  ["a list", [key], /it is not an object/],
  ["an unknown field", { token: key }, /it has an unknown field: token/],
  [
    "a key instead of a name",
    { url, [`${key}==`]: "x" },
    /it has a field that is neither url nor key$/,
  ],
  ["a long name", { [`${key}-`.repeat(3)]: "x" }, /it has a field that is neither url nor key$/],
  ["a key that is not a text", { key: { key } }, /its key is not a text/],
])("a file with %s is rejected, and not quoted", (_, content, message) => {
  const user = userWith(content);
  expect(() => readConnection(user)).toThrow(message);
  expect(() => readConnection(user)).not.toThrow(/canary/);
});

test("a file that is a folder is rejected", () => {
  const user = userWith(null);
  mkdirSync(configPath(user), { recursive: true, mode: 0o700 });
  expect(() => readConnection(user)).toThrow(/because it is not a file/);
});

test.each([
  ["http://example.com", false],
  ["http://127.0.0.1.example.com", false],
  ["http://localhost.example.com", false],
  ["http://127.0.0.1:7071", true],
  ["http://127.1.2.3", true],
  ["http://localhost:7071", true],
  ["http://[::1]:7071", true],
  ["https://example.com", true],
])("a key is sent over https, or within this machine: %s", (address, isAllowed) => {
  const user = userWith(null, { env: { FERRY_URL: address, FERRY_KEY: key } });
  if (isAllowed) expect(readConnection(user).key).toBe(key);
  else expect(() => readConnection(user)).toThrow(/because http is not encrypted/);
});

test("an error for a key that would be sent over http states where to remove the key", () => {
  const exposed = "http://example.com";
  const fixOf = (user: ReturnType<typeof userWith>): unknown => {
    try {
      return readConnection(user);
    } catch (error) {
      return (error as { fix: unknown }).fix;
    }
  };
  const inEnv = userWith(null, { env: { FERRY_URL: exposed, FERRY_KEY: key } });
  expect(fixOf(inEnv)).toBe("Use https:// in FERRY_URL, or unset FERRY_KEY");
  const inFile = userWith({ url: exposed, key });
  const path = configPath(inFile);
  expect(fixOf(inFile)).toBe(`Use https:// in the URL in ${path}, or remove the key from ${path}`);
});
