import { expect, test } from "vitest";
import { readSettings, SettingsError } from "../../src/settings/settings.ts";
import { settingsTable } from "../../src/settings/settings-table.ts";
import { brokenSecrets, canary } from "../support/access/broken-secrets.ts";

/*
 * Goal: a problem of a secret setting quotes no part of its value, because health shows it to callers without a key.
 * Other settings can contain a SAS whose question mark was lost: a problem quotes only a host of them.
 */

const valid: Record<string, string> = {
  AzureWebJobsStorage: "UseDevelopmentStorage=true",
  COPY_NOTICE_TOPIC: "https://topic.example/api/events",
  COPY_NOTICE_WEBHOOK: "https://hooks.example/",
  COPY_NOTICE_SECRET: Buffer.alloc(32, 7).toString("base64"),
};

/** The app's problems with its settings; fails if it would start. */
function problemsWith(environment: Record<string, string>): readonly string[] {
  try {
    readSettings({ ...valid, ...environment });
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  throw new Error("The settings are accepted");
}

/** The parts of the canary in the text. They are long enough that no other text contains one. */
function partsIn(text: string): string[] {
  const parts = Array.from({ length: canary.length - 7 }, (_, at) => canary.slice(at, at + 8));
  return parts.filter((part) => text.toLowerCase().includes(part.toLowerCase()));
}

test.each(brokenSecrets)("a problem of %s quotes no part of its value: %j", (setting, value) => {
  const problems = problemsWith({ [setting]: value });
  expect(problems).toEqual([expect.stringMatching(new RegExp(`^${setting} `))]);
  expect(partsIn(problems.join())).toEqual([]);
});

test("every secret setting that can be wrong is tested with wrong values", () => {
  const secret = Object.entries(settingsTable)
    .filter(([, setting]) => "isSecret" in setting)
    .map(([name]) => name);
  const ignoredWhenWrong = [
    "WEBSITE_RUN_FROM_PACKAGE",
    "SCM_RUN_FROM_PACKAGE",
    "AzureWebJobsSecretStorageSas",
  ];
  const tested = new Set([...brokenSecrets.map(([setting]) => setting), ...ignoredWhenWrong]);
  expect([...tested].toSorted()).toEqual(secret.toSorted());
  for (const name of ignoredWhenWrong) {
    expect(readSettings({ ...valid, [name]: `nonsense ${canary}` }).own.named).toEqual([]);
  }
});

const host = "acct1.blob.core.windows.net";
const out = `https://${host}/out`;
const pair = (from: string, to = out) => ({ COPY_ALLOWED: JSON.stringify([{ from, to }]) });
const route = (source: string, destination = `${out}/{path}`) => ({
  COPY_ROUTES: JSON.stringify([{ name: "r", source, destination }]),
});
const { AzureWebJobsStorage: _, ...noStorage } = valid;
const uri = (value: string) => ({ ...noStorage, AzureWebJobsStorage__blobServiceUri: value });

test.each(["&sig=", ";sig=", "?sig=", "%3Fsig=", "&sv=1&sig=", "%26sig%3D", "\uff06sig="])(
  "a SAS after a host is not quoted from a setting with a URL: %s",
  (before) => {
    const text = `https://${host}${before}${canary}`;
    for (const environment of [
      pair(text),
      pair(`${text}%2B/in1`),
      pair(out, text),
      pair(`https://${host}/in1${before}${canary}`),
      pair(`https://cdn.example${before}${canary}/in1`),
      route(text),
      route(`${text}/in1`),
      route(`https://${host}/in1${before}${canary}`),
      route(`https://${host}/in1`, `${text}/out/{path}`),
    ]) {
      expect(partsIn(problemsWith(environment).join())).toEqual([]);
    }
  },
);

test.each([
  `https://${host}&sig=${canary}`,
  `https://${host}/?sv=1&sig=${canary}`,
  `https://${host}/${canary}`,
  `https://u:${canary}@${host}`,
  `AccountName=acct1;AccountKey=${canary}`,
])("AzureWebJobsStorage__blobServiceUri=%s is rejected without its secret", (value) => {
  const environment = { ...uri(value), AzureWebJobsStorage: "" };
  expect(partsIn(problemsWith(environment).join())).toEqual([]);
});

test("a host that is none of Storage is quoted from AzureWebJobsStorage__blobServiceUri", () => {
  const environment = { ...uri("https://files.contoso.example"), AzureWebJobsStorage: "" };
  expect(problemsWith(environment).join()).toContain('its host is "files.contoso.example"');
});

test.each(["&sig=abc", "%26sig=abc", ";sig=abc", "_a", "=x"])(
  "a pair with the host cdn.example%s outside Storage is rejected",
  (text) => {
    const problem = problemsWith(pair(`https://cdn.example${text}/in1`)).join();
    expect(problem).toMatch(/host/);
    expect(problem).not.toContain("abc");
  },
);
