import { expect, test } from "vitest";
import { readSettings, SettingsError } from "../../../src/settings/settings.ts";
import { settingsTable } from "../../../src/settings/settings-table.ts";
import { brokenSecrets, canary } from "../../support/access/broken-secrets.ts";

/*
 * Goal: a problem of a secret setting quotes no part of its value, because health shows it to callers without a key.
 * Other settings can contain a SAS or a connection string by mistake: a problem quotes only hosts and short names.
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

test("every secret setting that can be invalid is tested with invalid values", () => {
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

test("a host outside Storage is quoted from AzureWebJobsStorage__blobServiceUri", () => {
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

/** Pieces of a key as they appear in a host: without "+" and "/", at which a host ends. */
const pieces = [8, 22, 41, 61].map((length) => canary.repeat(3).slice(0, length));

test.each(pieces)("no problem quotes a piece of a key instead of a host: %s", (piece) => {
  const rest = "/tq/K1SZFPTOtr/in1";
  const label = piece.length > 40 ? [`https://${piece}.example${rest}`] : [];
  const urls = [
    `https://${piece}${rest}`,
    `https://${piece}=${rest}`,
    `https://${piece}:443${rest}`,
    `https://${piece}.${rest}`,
    `https://cdn.${piece}${rest}`,
    `https://${piece}%2e${piece}${rest}`,
    `https://${piece}..example${rest}`,
    ...label,
    ...label.map((url) => url.replace(".example", ".blob.core.windows.net")),
  ];
  for (const url of urls) {
    const uris = { AzureWebJobsStorage: "", ...uri(url) };
    for (const environment of [pair(url), pair(out, url), route(url), route(out, url), uris]) {
      const problems = problemsOrNone(environment);
      expect(partsIn(problems), JSON.stringify(environment)).toEqual([]);
    }
  }
});

test.each(["files.contoso.example", "127.0.0.9", "localhost", "[::1]", "cdn.example:8443"])(
  "a host is quoted if it has the form of a host: %s",
  (name) => {
    expect(problemsWith(route(`https://${name}/in1`)).join()).toContain(
      `"${new URL(`https://${name}`).host}"`,
    );
  },
);

test("a host with one label is not quoted, because it may be a word of a secret", () => {
  const problem = problemsWith(route("https://contosoword/in1")).join();
  expect(problem).toContain("has a host that is not Azure Storage");
  expect(problem).not.toContain("contosoword");
});

const key = `${canary}abcdefghijklmnopqrstuvwxyz+/ABCDEFGHIJKLMNOPQRSTUVWXYZ0123==`;
const pasted = [
  `DefaultEndpointsProtocol=https;AccountName=acct1;AccountKey=${key};EndpointSuffix=core.windows.net`,
  `https://${host}/in1/a?sv=2026-10-06&sp=rw&sig=${canary}%2B%3D`,
  `?sv=2026-10-06&sp=rw&sig=${canary}%2B%3D`,
  key,
];
const names = Object.keys(settingsTable);

/** The app's problems; none if it would start. */
function problemsOrNone(environment: Record<string, string>): string {
  try {
    readSettings({ ...valid, ...environment });
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.join();
    throw error;
  }
  return "";
}

test.each(names)("no problem quotes a secret that was pasted into %s", (name) => {
  for (const value of pasted) {
    for (const text of [value, `x-${value}`, JSON.stringify(value), JSON.stringify([value])]) {
      expect(partsIn(problemsOrNone({ [name]: text })), text).toEqual([]);
      expect(partsIn(problemsOrNone({ [name]: text, AzureWebJobsStorage: "" })), text).toEqual([]);
      const queue = { COPY_EVENT_QUEUE: "events", TASKHUB_NAME: "x" };
      expect(partsIn(problemsOrNone({ ...queue, [name]: text })), text).toEqual([]);
    }
  }
});

test.each(pasted)("no problem quotes a secret that was pasted into a list: %s", (value) => {
  const list = (...entries: object[]) => JSON.stringify(entries);
  const [from, to] = [`https://${host}/in1`, out];
  const one = { name: "r", source: from, destination: `${out}/{path}` };
  const option = (name: string, given: unknown) => ({ ...one, options: { [name]: given } });
  const pairs = [
    { from, to, allow: [value] },
    { from, to, [value]: 1 },
    { from: value, to },
    { from, to: value },
    { from: `${from}/${value}`, to },
  ];
  const back = { name: "s", source: out, prefix: value, destination: `${from}/${value}{path}` };
  const lists: object[][] = [
    [{ ...one, [value]: 1 }],
    [{ ...one, allow: [value] }],
    [{ ...one, destination: `${out}/{${value}}` }],
    [{ ...one, destination: `${out}/${value}/{path}` }],
    [{ ...one, name: value }],
    [
      { ...one, name: value },
      { ...one, name: value },
    ],
    [{ ...one, prefix: value, suffix: value, glob: value }],
    [{ ...one, prefix: value, destination: `${out}/${encodeURIComponent(value)}{path}` }, back],
    [{ ...one, prefix: value, destination: `${from}/{path}` }],
    [option(value, 1)],
    ...["metadata", "tags", "file", "sourceConditions", "destinationConditions"].flatMap((name) => [
      [option(name, { [value]: 1 })],
      [option(name, { [value]: value })],
      [option(name, value)],
      [option(name, { ifMatch: value, ifTags: value, attributes: value, mode: value })],
    ]),
    ...["overwrite", "tier", "rollback", "ifBusy", "sourceLease", "destinationLease"].map(
      (name) => [option(name, value)],
    ),
    [option("immutabilityPolicy", { until: value, mode: value, [value]: 1 })],
  ];
  for (const entry of pairs) {
    expect(partsIn(problemsOrNone({ COPY_ALLOWED: list(entry) })), list(entry)).toEqual([]);
  }
  for (const entries of lists) {
    const text = list(...entries);
    expect(partsIn(problemsOrNone({ COPY_ROUTES: text })), text).toEqual([]);
  }
});

test.each([
  [{ COPY_EVENT_QUEUE: "Events_1" }, ': "Events_1"'],
  [{ COPY_EVENT_QUEUE: "events", COPY_EVENT_QUEUE_CONNECTION: "my-queue" }, ': "my-queue"'],
  [{ COPY_AUTH: "none" }, ': "none"'],
])("a short name is quoted: %j", (environment, quoted) => {
  expect(problemsWith(environment).join()).toContain(quoted);
});
