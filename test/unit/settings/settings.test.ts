import { expect, test } from "vitest";
import { readSettings } from "../../../src/settings/settings.ts";

const account = { AzureWebJobsStorage__accountName: "acme" };

test("by default the watchdog runs every five minutes and copies are kept for thirty days", () => {
  const usual = { watchdogSchedule: "0 */5 * * * *", retentionDays: 30 };
  expect(readSettings(account)).toMatchObject(usual);
  expect(readSettings({ ...account, COPY_WATCHDOG: " ", COPY_RETENTION_DAYS: "" })).toMatchObject(
    usual,
  );
  const set = { ...account, COPY_WATCHDOG: "0 0 * * * *", COPY_RETENTION_DAYS: "3" };
  expect(readSettings(set)).toMatchObject({ watchdogSchedule: "0 0 * * * *", retentionDays: 3 });
});

test.each([
  ["AzureWebJobsStorage__blobServiceUri", "https://acme.blob.core.windows.net/", "acme"],
  [
    "AzureWebJobsStorage__blobServiceUri",
    "https://127.0.0.1:10000/devstoreaccount1",
    "devstoreaccount1",
  ],
  ["AzureWebJobsStorage__accountName", "acme", "acme"],
  [
    "AzureWebJobsStorage",
    "BlobEndpoint=https://acme.blob.core.windows.net;SharedAccessSignature=x",
    "acme",
  ],
  ["AzureWebJobsStorage", "AccountName=acme;AccountKey=x", "acme"],
])("the app's own account is read from %s=%s", (name, value, own) => {
  expect(readSettings({ [name]: value }).own.account).toBe(own);
});

test.each(["2", "0", "-3", "3.5", "1e3", "3651", "soon"])(
  "an invalid COPY_RETENTION_DAYS is rejected with the reason: %s",
  (days) => {
    const read = () => readSettings({ ...account, COPY_RETENTION_DAYS: days });
    expect(read).toThrow(/COPY_RETENTION_DAYS must be a whole number of days from 3 to 3650/);
  },
);

test.each(["*/5 * * * *", "hourly", "00:05:00"])(
  "an invalid COPY_WATCHDOG is rejected with an example: %s",
  (schedule) => {
    const read = () => readSettings({ ...account, COPY_WATCHDOG: schedule });
    expect(read).toThrow(/COPY_WATCHDOG must be an NCRONTAB schedule of six fields/);
  },
);

test("the app does not start with invalid routes, or routes to its own state, and names each", () => {
  const blob = (path: string) => `https://acme.blob.core.windows.net/${path}`;
  const route = { name: "a", source: blob("inbox"), destination: blob("out/{path}") };
  const read = (...routes: object[]) =>
    readSettings({ ...account, COPY_ROUTES: JSON.stringify(routes) });
  expect(read(route).routes).toHaveLength(1);
  expect(() => read({ ...route, destination: blob("inbox/{path}") }, { name: "b" })).toThrow(
    /COPY_ROUTES \[1\]\.source is missing; .*; COPY_ROUTES makes a cycle: "a" → "a"/,
  );
  for (const own of [
    { ...route, source: blob("ferry-ledger") },
    { ...route, destination: blob("azure-webjobs-hosts/{path}") },
  ]) {
    expect(() => read(own)).toThrow(
      /COPY_ROUTES has the route "a", which reads or writes where this app and its host keep/,
    );
  }
});

test.each([
  [{}, "keys"],
  [{ COPY_AUTH: " " }, "keys"],
  [{ COPY_AUTH: "keys" }, "keys"],
  [{ COPY_AUTH: "Keys", WEBSITE_AUTH_ENABLED: "True" }, "keys"],
  [{ COPY_AUTH: "entra", WEBSITE_AUTH_ENABLED: "True" }, "entra"],
] as const)("callers authenticate by %o: %s", (environment, auth) => {
  expect(readSettings({ ...account, ...environment }).auth).toBe(auth);
});

test.each([
  [{ COPY_AUTH: "entra" }, /COPY_AUTH is "entra", but App Service authentication is off/],
  [{ COPY_AUTH: "entra", WEBSITE_AUTH_ENABLED: "False" }, /App Service authentication is off/],
  [
    { COPY_AUTH: "none", WEBSITE_AUTH_ENABLED: "True" },
    /COPY_AUTH must be "keys" or "entra": "none"/,
  ],
])("%o prevents the start: %s", (environment, problem) => {
  expect(() => readSettings({ ...account, ...environment })).toThrow(problem);
});

test.each(["0", "-1", "1.5", "36526", "1e3", "ten years"])(
  "an invalid COPY_MAX_LOCK_DAYS is rejected with the reason: %s",
  (days) => {
    const problem = startupError({ COPY_MAX_LOCK_DAYS: days });
    expect(problem).toContain("COPY_MAX_LOCK_DAYS must be a whole number of days from 1 to 36525");
  },
);

test("a policy may last ten years by default, and principals are trusted only with App Service authentication", () => {
  expect(readSettings(account)).toMatchObject({
    maxLockDays: 3_653,
    principals: { areTrusted: false, operators: [] },
  });
  const set = {
    COPY_MAX_LOCK_DAYS: "1",
    WEBSITE_AUTH_ENABLED: "TRUE",
    COPY_OPERATORS: "aad/1, ,google/b/c",
  };
  expect(readSettings({ ...account, ...set })).toMatchObject({
    maxLockDays: 1,
    principals: { areTrusted: true, operators: ["aad/1", "google/b/c"] },
  });
});

const acme = (path: string) => `https://acme.blob.core.windows.net/${path}`;
const allWords = ["hold-source", "lock", "legal-hold", "seal"];

test("a pair grants the words of its list; without a list, it grants none", () => {
  const pair = { from: acme("inbox"), to: acme("archive") };
  const allowOf = (allow?: string[]) =>
    readSettings({
      ...account,
      COPY_ALLOWED: JSON.stringify([allow === undefined ? pair : { ...pair, allow }]),
    }).allowed[0]?.allow;
  expect(allowOf()).toEqual([]);
  expect(allowOf([])).toEqual([]);
  expect(allowOf(allWords)).toEqual(allWords);
});

test.each<[unknown, string]>([
  [
    ["lock", "everything"],
    '[0].allow has "everything", which is not one of hold-source, lock, legal-hold, seal',
  ],
  [["LOCK"], '[0].allow has "LOCK"'],
  [["*"], "[0].allow has a word, which is not one of"],
  ["lock", "must be"],
  [[1], "must be"],
  [null, "must be"],
])("a pair or a route with allow %j prevents the start", (allow, says) => {
  const pair = { from: acme("inbox"), to: acme("archive"), allow };
  const route = { name: "a", source: acme("inbox"), destination: acme("archive/{path}"), allow };
  const problem = startupError({ COPY_ALLOWED: JSON.stringify([pair]) });
  expect(problem).toContain("COPY_ALLOWED ");
  expect(problem).toContain(says);
  const routeProblem = startupError({ COPY_ROUTES: JSON.stringify([route]) });
  expect(routeProblem).toContain("COPY_ROUTES [0].allow");
  expect(routeProblem).toContain(says);
});

test.each([
  ["legalHold", true, "legal-hold"],
  ["sealBlob", true, "seal"],
  ["sourceLease", "hold", "hold-source"],
  ["immutabilityPolicy", { until: "2030-01-01T00:00:00Z", mode: "Locked" }, "lock"],
])("a route that sets %s needs its word too", (option, value, word) => {
  const route = { name: "a", source: acme("inbox"), destination: acme("archive/{path}") };
  const read = (allow: string[]) => {
    const routes = [{ ...route, allow, options: { [option]: value } }];
    return startupError({ COPY_ROUTES: JSON.stringify(routes) });
  };
  expect(read(allWords.filter((each) => each !== word))).toContain(
    `COPY_ROUTES [0].options.${option} needs "${word}" in the "allow" list of the route`,
  );
  expect(read([word])).toBe("");
});

const hook = "https://hooks.example.com/ended?code=hush";
const secret = Buffer.alloc(24, "k").toString("base64");

test("notification targets are read with their keys; without settings there are no targets", () => {
  expect(readSettings({ ...account, COPY_NOTICE_SECRET: secret }).notificationTargets).toEqual([]);
  const topic = "https://t.westeurope-1.eventgrid.azure.net/api/events";
  const set = { COPY_NOTICE_TOPIC: topic, COPY_NOTICE_WEBHOOK: hook };
  const webhook = { kind: "webhook", url: hook, key: Buffer.alloc(24, "k") };
  for (const key of [secret, `whsec_${secret}`]) {
    expect(
      readSettings({ ...account, ...set, COPY_NOTICE_SECRET: key }).notificationTargets,
    ).toEqual([{ kind: "topic", url: topic, key: null }, webhook]);
  }
});

test.each([
  ["http://hooks.example.com/hush", secret, "COPY_NOTICE_WEBHOOK must be an https URL"],
  ["http://127.0.0.1:8080/hush", secret, "COPY_NOTICE_WEBHOOK must be an https URL"],
  ["hush", secret, "COPY_NOTICE_WEBHOOK must be an https URL"],
  [hook, "", "COPY_NOTICE_SECRET must be 24 to 64 bytes"],
  [hook, Buffer.alloc(23, "k").toString("base64"), "COPY_NOTICE_SECRET must be 24 to 64 bytes"],
  [hook, Buffer.alloc(65, "k").toString("base64"), "COPY_NOTICE_SECRET must be 24 to 64 bytes"],
])("a webhook %s with the secret %s prevents the start: %s", (url, key, says) => {
  const problem = startupError({ COPY_NOTICE_WEBHOOK: url, COPY_NOTICE_SECRET: key });
  expect(problem).toContain(says);
  expect(problem).not.toContain("hush");
  if (key !== "") expect(problem).not.toContain(key);
});

test("notifications use plain http only with an emulator, on this machine", () => {
  const emulated = { ...account, COPY_EMULATOR: "http://127.0.0.1:10000" };
  const here = { COPY_NOTICE_TOPIC: "http://localhost:8080/api/events" };
  expect(readSettings({ ...emulated, ...here }).notificationTargets).toHaveLength(1);
  const there = { COPY_NOTICE_TOPIC: "http://localhost.example.com/api/events" };
  expect(startupError({ ...emulated, ...there })).toContain(
    "COPY_NOTICE_TOPIC must be an https URL",
  );
});

function startupError(environment: Record<string, string>): string {
  try {
    readSettings({ ...account, ...environment });
  } catch (error) {
    return String(error);
  }
  return "";
}

const key = Buffer.alloc(32, 7).toString("base64");

test("the sealing keys are read from canonical base64, in order", () => {
  const other = Buffer.alloc(32, 9).toString("base64");
  const { secretKeys } = readSettings({ ...account, COPY_SECRET_KEYS: ` ${key} ,${other},` });
  expect(secretKeys.map((each) => each.toString("base64"))).toEqual([key, other]);
});

test.each([
  ["junk around it", `!!${key}$$`],
  ["a blank in it", `${key.slice(0, 5)} ${key.slice(5)}`],
  ["text after it", `${key}AAAA`],
  ["no padding", key.slice(0, -1)],
  ["the alphabet of URLs", "-_".repeat(21) + "8="],
  ["loose bits at its end", `${key.slice(0, -2)}d=`],
  ["31 bytes", Buffer.alloc(31, 7).toString("base64")],
  ["33 bytes", Buffer.alloc(33, 7).toString("base64")],
  ["hexadecimal digits", "07".repeat(32)],
])("a sealing key with %s is rejected, and not quoted", (_, wrong) => {
  const read = () => readSettings({ ...account, COPY_SECRET_KEYS: `${key},${wrong}` });
  expect(read).toThrow(/COPY_SECRET_KEYS must be .* key 2 is not one/);
  expect(read).not.toThrow(wrong);
});

test("a sealing key of zeros is rejected", () => {
  const zeros = Buffer.alloc(32).toString("base64");
  const read = () => readSettings({ ...account, COPY_SECRET_KEYS: `${key},${zeros}` });
  expect(read).toThrow(/COPY_SECRET_KEYS must contain random keys; key 2 has only zeros/);
});

test.each(["b", "aad/", "/7c0f", "aad/1,b", "aad 1/x", "aad/1 2"])(
  "COPY_OPERATORS=%s names a principal without its provider, or none",
  (operators) => {
    const read = () => readSettings({ ...account, COPY_OPERATORS: operators });
    expect(read).toThrow(/COPY_OPERATORS must be a comma-separated list of <identity provider>/);
  },
);

test("events are read from a queue only if a setting names it, by default one of the app's own account", () => {
  expect(readSettings(account).eventQueue).toBe(null);
  expect(readSettings({ ...account, COPY_EVENT_QUEUE: "" }).eventQueue).toBe(null);
  const named = { ...account, COPY_EVENT_QUEUE: "ferry-events" };
  expect(readSettings(named).eventQueue).toEqual({
    queueName: "ferry-events",
    connection: "AzureWebJobsStorage",
  });
  const elsewhere = { ...named, COPY_EVENT_QUEUE_CONNECTION: "Events" };
  expect(readSettings(elsewhere).eventQueue).toMatchObject({ connection: "Events" });
});

test.each([
  "ab",
  "Events",
  "events_2",
  "a--b",
  "-events",
  "events-",
  "événements",
  "a/b",
  "%HUB%",
  "events-poison",
  "a".repeat(57), // too long for "-poison": the host would keep messages that it gave up on
])("a queue that cannot be the event queue is rejected: %s", (queueName) => {
  const read = () => readSettings({ ...account, COPY_EVENT_QUEUE: queueName });
  expect(read).toThrow(/COPY_EVENT_QUEUE must be a queue name of 3 to 56 lower-case letters/);
});

test.each(["ferry-workitems", "ferry-control-00", "ferry-control-15"])(
  "a queue of the task hub, whose messages the app would take away, is rejected: %s",
  (queueName) => {
    const hub = { ...account, TASKHUB_NAME: "Ferry", COPY_EVENT_QUEUE: queueName };
    expect(() => readSettings(hub)).toThrow(/COPY_EVENT_QUEUE must not be a queue of the task hub/);
    expect(readSettings({ ...hub, TASKHUB_NAME: "Other" }).eventQueue).toMatchObject({ queueName });
  },
);

test.each(["1Events", "Events:Queue", "%EVENTS%", "DefaultEndpointsProtocol=https;AccountName=a"])(
  "a connection of the queue that is not the name of a setting is rejected: %s",
  (connection) => {
    const named = { ...account, COPY_EVENT_QUEUE: "events" };
    const read = () => readSettings({ ...named, COPY_EVENT_QUEUE_CONNECTION: connection });
    expect(read).toThrow(/COPY_EVENT_QUEUE_CONNECTION must be the name of a setting/);
  },
);
