import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { hostJsonFor } from "../../../infra/package/host-json.ts";
import { settingsMarkdown, settingsTable } from "../../../src/settings/settings-table.ts";

/*
 * Goal: the settings page, the table in the code and the code agree. `npm run settings-page` writes the page.
 */

const page = "src/settings/README.md";
const region = /(?<=<!-- settings: (?<madeBy>\w+) -->\n)[^]*?(?=<!-- end -->)/g;

test("the page shows each setting of the table", async () => {
  const generated = readFileSync(page, "utf8").replace(region, (...match: unknown[]) => {
    const { madeBy } = match.at(-1) as { madeBy: "deployment" }; // a wrong word leads to an empty table
    return `\n${settingsMarkdown(madeBy)}\n\n`;
  });
  await expect(generated).toMatchFileSnapshot(`../../../${page}`);
  for (const name of Object.keys(settingsTable)) expect(generated).toContain(`| \`${name}\``);
});

test("the table has exactly the settings that the code and host.json read", () => {
  const code = globSync("src/**/*.ts", {
    exclude: ["src/local/**", "src/settings/settings-table.ts"],
  })
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  const hostJson = readFileSync("host.json", "utf8");
  const read = [
    ...code.matchAll(/(?:environment|process\.env)\["(\w+)/g),
    ...code.matchAll(/process\.env\.(\w+)/g),
    ...code.matchAll(/(?<=\()"(COPY_\w+)", environment/g), // parseEmulatorOrigin reads the name that it gets
    ...hostJson.matchAll(/%(\w+)%/g),
    ...hostJsonFor("scheduler", hostJson).matchAll(/%(\w+)%|"connectionStringName": "(\w+)"/g),
  ].map(([, name, other]) => name ?? other ?? "");
  expect([...new Set(read)].toSorted()).toEqual(Object.keys(settingsTable).toSorted());
});

test("every value that grants access is marked as secret", () => {
  const secrets = Object.entries(settingsTable).flatMap(([name, setting]) =>
    "isSecret" in setting ? [name] : [],
  );
  expect(secrets).toEqual([
    "COPY_NOTICE_TOPIC_KEY",
    "COPY_NOTICE_WEBHOOK",
    "COPY_NOTICE_SECRET",
    "COPY_SECRET_KEYS",
    "AzureWebJobsStorage",
    "WEBSITE_RUN_FROM_PACKAGE",
    "SCM_RUN_FROM_PACKAGE",
    "AzureWebJobsSecretStorageSas",
  ]);
});
