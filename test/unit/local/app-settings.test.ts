import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** These files start the app together with the emulator; everything else in local/ works for any app. */
const mayKnowSettings = ["demo.ts", "local-stack.ts", "npm-start.ts"];

test("only the files that start the local stack name the app's settings", () => {
  const folder = "src/local";
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  expect(files).toEqual(expect.arrayContaining(mayKnowSettings));
  const knowing = files.filter((file) => /\bCOPY_/.test(readFileSync(join(folder, file), "utf8")));
  expect(knowing.filter((file) => !mayKnowSettings.includes(file))).toEqual([]);
  expect(knowing).toContain("local-stack.ts");
});
