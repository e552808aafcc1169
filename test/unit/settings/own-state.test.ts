import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseDestination, parseSource } from "../../../src/copy/location/parse-endpoint.ts";
import { optionsOff } from "../../../src/copy/request/copy-options.ts";
import { checkAccess } from "../../../src/copy/routing/copy-access.ts";
import { epochMs } from "../../../src/copy/time.ts";
import { readSettings } from "../../../src/settings/settings.ts";

/*
 * Goal: no pair and no route allows access to the state of the app and its host, in their account or in a place that
 * a setting names. In the app's own account, only containers that a pair or a route names can be copied.
 */

const own = { AzureWebJobsStorage__accountName: "own" };
const ownUrl = "https://own.blob.core.windows.net";
const other = "https://acct1.blob.core.windows.net";
const emulator = "http://127.0.0.1:10000";

type Pair = { from: string; to: string };

const withPairs = (pairs: Pair[], environment: Record<string, string> = own) =>
  readSettings({ ...environment, COPY_ALLOWED: JSON.stringify(pairs) });

/** Why the app does not start with this place as the source, and as the destination, of a pair. */
function problemsOf(place: string, environment: Record<string, string> = own): string[] {
  const pairs = [
    { from: place, to: `${other}/out` },
    { from: `${other}/in1`, to: place },
  ];
  return pairs.map((pair) => {
    try {
      withPairs([pair], environment);
      return "none";
    } catch (error) {
      return String(error);
    }
  });
}

/** Why a copy from `from` to `to` is not allowed; null if it is. */
function refusalOf(settings: ReturnType<typeof readSettings>, { from, to }: Pair): string | null {
  const source = parseSource(from, settings.origins);
  const destination = parseDestination(to, settings.origins);
  if (!source.ok || !destination.ok) throw new Error("Cannot parse the endpoints of the test");
  const copy = { source: source.endpoint, destination: destination.endpoint, options: optionsOff };
  return checkAccess(settings, { ...copy, route: null }, epochMs(0))?.reason ?? null;
}

/** The containers that the templates create, from the snapshots of their deployments. */
const created = globSync("infra/snapshots/*.snapshot.json").flatMap((file) => {
  const snapshot = JSON.parse(readFileSync(file, "utf8")) as {
    predictedResources: { type: string; name: string }[];
  };
  return snapshot.predictedResources
    .filter(({ type }) => type === "Microsoft.Storage/storageAccounts/blobServices/containers")
    .map(({ name }) => name.replace(/^.*\//, ""));
});

test("the templates create a container for the package and one for dead letters", () => {
  expect([...new Set(created)].toSorted()).toEqual(["app-package", "dead-letters"]);
});

const state = [
  ...new Set(created),
  "app-package-ferry-0a1b2c3",
  "ferry-ledger",
  "ferry-leases",
  "ferry-largemessages",
  "ferry-applease",
  "renamed-leases",
  "azure-webjobs-hosts",
  "azure-webjobs-secrets",
  "function-releases",
  "scm-releases",
  "github-actions-deploy",
  "azure-pipelines-deploy",
  "$logs",
];

test.each(state)("no pair and no route can have %s in the app's own account", (container) => {
  const refused = expect.stringContaining("is where this app and its host keep their state");
  const place = `${ownUrl}/${container}`;
  for (const each of [place, `${place}/folder`]) {
    expect(problemsOf(each)).toEqual([refused, refused]);
  }
  for (const route of [
    { name: "r", source: place, destination: `${other}/out/{path}` },
    { name: "r", source: `${other}/in1`, destination: `${place}/{path}` },
  ]) {
    const read = () => readSettings({ ...own, COPY_ROUTES: JSON.stringify([route]) });
    expect(read).toThrow(/the route "r", which reads or writes where this app and its host keep/);
  }
  expect(problemsOf(`${other}/${container}`)).toEqual(["none", "none"]);
});

test.each(state)("a copy from or to %s in the app's own account is denied", (container) => {
  const settings = withPairs([{ from: other, to: other }]);
  const [there, elsewhere] = [`${ownUrl}/${container}/a`, `${other}/out/a`];
  const refused = expect.stringContaining("this app and its host keep their state there");
  expect(refusalOf(settings, { from: there, to: elsewhere })).toEqual(refused);
  expect(refusalOf(settings, { from: elsewhere, to: there })).toEqual(refused);
});

test.each([
  ownUrl,
  `${ownUrl}/`,
  "https://own-internetrouting.blob.core.windows.net",
  "https://own.z01.blob.storage.azure.net",
  "https://own.blob.core.chinacloudapi.cn",
  "https://own.file.core.windows.net",
])("a pair cannot contain %s, the whole account of the app", (place) => {
  const refused = expect.stringContaining("contains the whole account in which this app");
  expect(problemsOf(place)).toEqual([refused, refused]);
});

test("a pair cannot read from the secondary of the whole account of the app", () => {
  const secondary = "https://own-secondary.blob.core.windows.net";
  expect(problemsOf(secondary)[0]).toContain("contains the whole account in which this app");
});

test.each(["inbox", "$web", "$root", "ferry", "app", "leases", "letters/dead-letters"])(
  "a pair that names %s in the app's own account allows copies there, and nowhere else",
  (place) => {
    const settings = withPairs([{ from: `${ownUrl}/${place}`, to: `${ownUrl}/${place}` }]);
    const copy = (from: string, to: string) => refusalOf(settings, { from, to });
    expect(copy(`${ownUrl}/${place}/a`, `${ownUrl}/${place}/b`)).toBeNull();
    expect(copy(`${ownUrl}/${place}/a`, `${ownUrl}/another/b`)).toMatch(/^no pair/);
  },
);

test("on the emulator a pair may contain the whole account of the app, without the app's state", () => {
  const local = { AzureWebJobsStorage: "UseDevelopmentStorage=true", COPY_EMULATOR: emulator };
  const account = `${emulator}/devstoreaccount1`;
  const settings = withPairs([{ from: account, to: account }], local);
  const to = (container: string) =>
    refusalOf(settings, { from: `${account}/inbox/a`, to: `${account}/${container}/a` });
  expect(to("archive")).toBeNull();
  for (const container of state) expect(to(container), container).toMatch(/keep their state there/);
  expect(problemsOf(`${account}/ferry-ledger`, local).join()).toMatch(/keep their state.*keep/);
});

const packages = "https://acct2.blob.core.windows.net/packages";
const sas = "?sv=2026-10-06&sp=r&sr=b&sig=SECRET%3D";

test.each([
  ["WEBSITE_RUN_FROM_PACKAGE", `${packages}/app.zip`],
  ["WEBSITE_RUN_FROM_PACKAGE", `${packages}/app.zip${sas}`],
  ["WEBSITE_RUN_FROM_PACKAGE", ` ${packages}//releases/app.zip `],
  ["WEBSITE_RUN_FROM_PACKAGE", "https://ACCT2.blob.core.windows.net/%70ackages/app.zip"],
  [
    "WEBSITE_RUN_FROM_PACKAGE",
    "https://acct2-internetrouting.blob.core.windows.net/packages/app.zip",
  ],
  ["WEBSITE_RUN_FROM_PACKAGE", "https://acct2.privatelink.blob.core.windows.net/packages/app.zip"],
  ["WEBSITE_RUN_FROM_PACKAGE", "https://acct2.dfs.core.windows.net/packages/app.zip"],
  ["SCM_RUN_FROM_PACKAGE", `${packages}/app.zip${sas}`],
  ["AzureWebJobsSecretStorageSas", `${packages}${sas}`],
])("the container in %s=%s is the app's own state, in any account", (name, value) => {
  const environment = { ...own, [name]: value };
  const refused = expect.stringContaining("is where this app and its host keep their state");
  expect(problemsOf(packages, environment)).toEqual([refused, refused]);
  expect(problemsOf(`${packages}/releases`, environment)).toEqual([refused, refused]);
  const account = "https://acct2.blob.core.windows.net";
  const settings = withPairs([{ from: account, to: account }], environment);
  const to = (container: string) =>
    refusalOf(settings, { from: `${account}/in1/a`, to: `${account}/${container}/a` });
  expect(to("packages")).toMatch(/keep their state there/);
  expect(to("packages-old")).toBeNull();
});

test("a package in the root container, or in a share, is the app's own state", () => {
  const root = { ...own, WEBSITE_RUN_FROM_PACKAGE: "https://acct2.blob.core.windows.net/app.zip" };
  const share = {
    ...own,
    WEBSITE_RUN_FROM_PACKAGE: "https://acct2.file.core.windows.net/code/a.zip",
  };
  const refused = expect.stringContaining("is where this app and its host keep their state");
  expect(problemsOf("https://acct2.blob.core.windows.net/$root", root)[1]).toEqual(refused);
  expect(problemsOf("https://acct2.file.core.windows.net/code", share)[1]).toEqual(refused);
  expect(problemsOf("https://acct2.blob.core.windows.net/code", share)[1]).toBe("none");
});

test("on the emulator, the container of a package is the app's own state", () => {
  const local = { AzureWebJobsStorage: "UseDevelopmentStorage=true", COPY_EMULATOR: emulator };
  const account = `${emulator}/devstoreaccount2`;
  const environment = { ...local, WEBSITE_RUN_FROM_PACKAGE: `${account}/packages/a.zip` };
  expect(problemsOf(`${account}/packages`, environment)[1]).toContain("keep their state");
  expect(problemsOf(`${account}/other`, environment)).toEqual(["none", "none"]);
});

test.each(["1", "0", "", "package.zip", "https://github.example/app/packages/app.zip"])(
  "WEBSITE_RUN_FROM_PACKAGE=%j names nothing in Storage",
  (value) => {
    const environment = { ...own, WEBSITE_RUN_FROM_PACKAGE: value };
    expect(problemsOf(packages, environment)).toEqual(["none", "none"]);
  },
);
