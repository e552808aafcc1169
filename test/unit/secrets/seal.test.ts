import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import type { Endpoint } from "../../../src/copy/location/endpoint.ts";
import { revealSas, Sas } from "../../../src/copy/location/sas.ts";
import { createSeal, UnsealError } from "../../../src/secrets/seal.ts";
import { toInstanceId } from "../../../src/copy/contract/ids.ts";

const endpoint: Endpoint = {
  service: "blob",
  origin: "https://acct1.blob.core.windows.net",
  account: "acct1",
  secondary: false,
  emulated: false,
  container: "inbox",
  path: "film.mp4",
};
const place = { instanceId: toInstanceId("1"), field: "sourceSas", endpoint } as const;
const sas = new Sas("sv=1&sig=secret");
const [first, second] = [randomBytes(32), randomBytes(32)];

test("a sealed SAS can be opened for its copy, and reveals nothing", () => {
  const seal = createSeal([first]);
  const sealed = seal.seal?.(sas, place) ?? "";
  expect(revealSas(seal.open(sealed, place))).toBe("sv=1&sig=secret");
  expect(sealed).not.toContain("secret");
  expect(seal.seal?.(sas, place)).not.toBe(sealed);
});

test("a sealed SAS cannot be opened for another copy, field or URL, or after a character was changed", () => {
  const seal = createSeal([first]);
  const sealed = seal.seal?.(sas, place) ?? "";
  expect(() => seal.open(sealed, { ...place, instanceId: toInstanceId("2") })).toThrow(UnsealError);
  expect(() => seal.open(sealed, { ...place, field: "destinationSas" })).toThrow(UnsealError);
  for (const change of [
    { origin: "https://acct2.blob.core.windows.net", account: "acct2" },
    { container: "other" },
    { path: "other.mp4" },
    { path: "film.mp4/" },
    { snapshot: "2026-11-20T12:00:00.0000000Z" },
  ]) {
    const elsewhere = { ...place, endpoint: { ...endpoint, ...change } };
    expect(() => seal.open(sealed, elsewhere)).toThrow(UnsealError);
  }
  const changed = sealed.slice(0, -1) + (sealed.endsWith("A") ? "B" : "A");
  expect(() => seal.open(changed, place)).toThrow(UnsealError);
  expect(() => seal.open("", place)).toThrow(UnsealError);
});

test.each([0, 4, 8, 12, 13, 14, 15, 17])("a tag of %i bytes opens nothing", (length) => {
  const seal = createSeal([first]);
  const parts = (seal.seal?.(sas, place) ?? "").split(".");
  const tag = Buffer.from(parts[3] ?? "", "base64url");
  expect(tag).toHaveLength(16);
  parts[3] = Buffer.concat([tag, Buffer.alloc(1)])
    .subarray(0, length)
    .toString("base64url");
  expect(() => seal.open(parts.join("."), place)).toThrow(UnsealError);
});

test.each(["nonce", "tag", "text"])("a sealed SAS without its %s is not opened", (missing) => {
  const seal = createSeal([first]);
  const parts = (seal.seal?.(sas, place) ?? "").split(".");
  parts[["version", "key", "nonce", "tag", "text"].indexOf(missing)] = "";
  expect(() => seal.open(parts.join("."), place)).toThrow(UnsealError);
});

test("after a rotation the new key seals and the old key still opens, until it is removed", () => {
  const old = createSeal([first]).seal?.(sas, place) ?? "";
  const rotated = createSeal([second, first]);
  expect(revealSas(rotated.open(old, place))).toBe("sv=1&sig=secret");
  const fresh = rotated.seal?.(sas, place) ?? "";
  expect(revealSas(createSeal([second]).open(fresh, place))).toBe("sv=1&sig=secret");
  expect(() => createSeal([second]).open(old, place)).toThrow(/COPY_SECRET_KEYS/);
});

test("the error for a missing key names it by its id, which is not part of the key", () => {
  const key = Buffer.alloc(32, 7);
  const sealed = createSeal([key]).seal?.(sas, place) ?? "";
  // { printf "ferry key id"; echo BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc= | base64 -d; } | sha256sum | cut -c1-8
  const message =
    "Cannot open the sealed sourceSas because COPY_SECRET_KEYS does not contain its key, which has the id c2dea311: instance 1";
  for (const keys of [[], [first], [first, second]]) {
    expect(() => createSeal(keys).open(sealed, place)).toThrow(message);
  }
  expect(key.toString("hex")).not.toContain("c2dea311");
});

test.each([
  ["another version", (sealed: string) => sealed.replace("v1.", "v2.")],
  ["an id that is not a key id", (sealed: string) => sealed.replace(/\.[^.]+/, ".injected text")],
  ["an id in upper case", (sealed: string) => sealed.replace(/\.[^.]+/, ".ABCDEF01")],
  ["no parts", () => "v1"],
  ["a truncated text", (sealed: string) => sealed.slice(0, -4)],
])("a sealed value with %s is reported as damaged, and is not quoted", (_, change) => {
  const seal = createSeal([first]);
  const changed = change(seal.seal?.(sas, place) ?? "");
  const message =
    "Cannot open the sealed sourceSas because it is damaged or was sealed for another copy or URL: instance 1";
  expect(() => seal.open(changed, place)).toThrow(new UnsealError(place, null));
  expect(() => seal.open(changed, place)).toThrow(message);
});

test("a SAS is redacted when it is printed, logged or serialized", () => {
  const shown = [
    String(sas),
    `${sas}`,
    JSON.stringify({ sas }),
    inspect({ sas }),
    inspect(sas, { showHidden: true }),
  ];
  for (const text of shown) {
    expect(text).toContain("[sas]");
    expect(text).not.toContain("secret");
  }
});
