import { expect, test } from "vitest";
import { readSettings } from "../../src/settings/settings.ts";

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
