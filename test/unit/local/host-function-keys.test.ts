import { expect, test } from "vitest";
import { readFunctionKeys } from "../../../src/local/host/http/function-keys.ts";

const read = (FUNCTIONS_KEYS?: string) => readFunctionKeys({ FUNCTIONS_KEYS }, () => "local");

test.each([undefined, "", " ; "])("an empty setting has no keys: %o", (text) => {
  expect(read(text)).toBeUndefined();
});

test("keys are read by name; a value can contain the equals sign", () => {
  expect(read(" master=a== ;default=b;third=c;eventgrid_extension=d;")).toEqual({
    master: "a==",
    host: { default: "b", third: "c" },
    system: { eventgrid_extension: "d", durabletask_extension: "local" },
  });
});

test("a key for Event Grid is generated if none is given", () => {
  const first = read("master=a;default=b")?.system.eventgrid_extension;
  expect(first).toMatch(/^[\w-]{43}$/);
  expect(read("master=a;default=b")?.system.eventgrid_extension).not.toBe(first);
});

test.each([
  ["master", "every part must be name=value"],
  ["master=", "every part must be name=value"],
  ["master=SECRET key;default=b", "every part must be name=value"],
  ["default=SECRET", `the keys "master" and "default" are needed`],
  ["master=SECRET", `the keys "master" and "default" are needed`],
  [
    "master=a;default=b;durabletask_extension=SECRET",
    `the durable engine sets the key "durabletask_extension"`,
  ],
])("%s is rejected, without a key in the message", (text, reason) => {
  expect(() => read(text)).toThrow(
    `Cannot use the setting FUNCTIONS_KEYS because ${reason}. ` +
      `It must look like "master=…;default=…;eventgrid_extension=…"`,
  );
  expect(() => read(text)).not.toThrow("SECRET");
});
