import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { revealSas, Sas } from "../../../src/copy/location/sas.ts";
import { createSeal, UnsealError } from "../../../src/secrets/seal.ts";
import { toInstanceId } from "../../../src/copy/contract/ids.ts";

const place = { instanceId: toInstanceId("1"), field: "sourceSas" } as const;
const sas = new Sas("sv=1&sig=secret");
const [first, second] = [randomBytes(32), randomBytes(32)];

test("a sealed SAS can be opened for its copy, and reveals nothing", () => {
  const seal = createSeal([first]);
  const sealed = seal.seal?.(sas, place) ?? "";
  expect(revealSas(seal.open(sealed, place))).toBe("sv=1&sig=secret");
  expect(sealed).not.toContain("secret");
  expect(seal.seal?.(sas, place)).not.toBe(sealed);
});

test("a sealed SAS cannot be opened for another copy, or after a character was changed", () => {
  const seal = createSeal([first]);
  const sealed = seal.seal?.(sas, place) ?? "";
  expect(() => seal.open(sealed, { ...place, instanceId: toInstanceId("2") })).toThrow(UnsealError);
  expect(() => seal.open(sealed, { ...place, field: "destinationSas" })).toThrow(UnsealError);
  const changed = sealed.slice(0, -1) + (sealed.endsWith("A") ? "B" : "A");
  expect(() => seal.open(changed, place)).toThrow(UnsealError);
  expect(() => seal.open("", place)).toThrow(UnsealError);
});

test("after a rotation the new key seals and the old key still opens, until it is removed", () => {
  const old = createSeal([first]).seal?.(sas, place) ?? "";
  const rotated = createSeal([second, first]);
  expect(revealSas(rotated.open(old, place))).toBe("sv=1&sig=secret");
  const fresh = rotated.seal?.(sas, place) ?? "";
  expect(revealSas(createSeal([second]).open(fresh, place))).toBe("sv=1&sig=secret");
  expect(() => createSeal([second]).open(old, place)).toThrow(/COPY_SECRET_KEYS/);
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
