import { expect, test } from "vitest";
import { identityOf } from "../../../../src/copy/location/endpoint.ts";
import {
  onlyStorage,
  parseDestination,
  parseSource,
} from "../../../../src/copy/location/parse-endpoint.ts";
import { parseStorageHost } from "../../../../src/copy/location/storage-hosts.ts";
import { parseAllowedPairs } from "../../../../src/copy/request/access-policy.ts";
import { createSasMint } from "../../../../src/storage/sas-mint.ts";

type Row = {
  host: string;
  account: string;
  secondary?: true;
  /** The account's own host, where it is another one. */
  own?: string;
  kind?: "managed-disk" | "private-link";
};

const clouds = [
  "core.windows.net",
  "core.chinacloudapi.cn",
  "core.usgovcloudapi.net",
  "core.cloudapi.de",
  "core.microsoft.scloud",
  "core.eaglex.ic.gov",
];

const rows: Row[] = [
  ...clouds.flatMap((cloud): Row[] => [
    { host: `acct1.blob.${cloud}`, account: "acct1" },
    { host: `acct1.file.${cloud}`, account: "acct1" },
    { host: `acct1-secondary.blob.${cloud}`, account: "acct1", secondary: true },
  ]),
  { host: "123.blob.core.windows.net", account: "123" },
  {
    host: "abcdefghijklmnopqrstuvwx.blob.core.windows.net",
    account: "abcdefghijklmnopqrstuvwx",
  },
  // DNS zones.
  { host: "acct1.z01.blob.storage.azure.net", account: "acct1" },
  { host: "acct1.z1.file.storage.azure.net", account: "acct1" },
  { host: "acct1-secondary.z50.blob.storage.azure.net", account: "acct1", secondary: true },
  // Network routes.
  ...["internetrouting", "microsoftrouting", "dualstack", "ipv6"].flatMap((route): Row[] => [
    {
      host: `acct1-${route}.blob.core.windows.net`,
      account: "acct1",
      own: "acct1.blob.core.windows.net",
    },
    {
      host: route.endsWith("routing")
        ? `acct1-${route}-secondary.blob.core.windows.net`
        : `acct1-secondary-${route}.blob.core.windows.net`,
      account: "acct1",
      secondary: true,
      own: "acct1-secondary.blob.core.windows.net",
    },
    {
      host: `acct1-${route}.z07.blob.storage.azure.net`,
      account: "acct1",
      own: "acct1.z07.blob.storage.azure.net",
    },
  ]),
  {
    host: "acct1-microsoftrouting-secondary-ipv6.blob.core.windows.net",
    account: "acct1",
    secondary: true,
    own: "acct1-secondary.blob.core.windows.net",
  },
  // Managed disks.
  ...[
    "md-vt5dsjw04jqc.blob.core.windows.net",
    "md-impexp-t0rdsfgsdfg4.blob.core.windows.net",
    "md-impexp-x4230cnts5d5.z18.blob.storage.azure.net",
    "md-ssd-vbqhkm4hqrlg.z13.blob.storage.azure.net",
    "md-vt5dsjw04jqc.blob.core.usgovcloudapi.net",
  ].map((host): Row => ({ host, account: host.split(".")[0] ?? "", kind: "managed-disk" })),
  // Private links.
  {
    host: "acct1.privatelink.blob.core.windows.net",
    account: "acct1",
    own: "acct1.blob.core.windows.net",
    kind: "private-link",
  },
  {
    host: "acct1-secondary.privatelink.file.core.windows.net",
    account: "acct1",
    secondary: true,
    own: "acct1-secondary.file.core.windows.net",
    kind: "private-link",
  },
  {
    host: "acct1.z04.privatelink.blob.storage.azure.net",
    account: "acct1",
    own: "acct1.z04.blob.storage.azure.net",
    kind: "private-link",
  },
  {
    host: "md-vt5dsjw04jqc.privatelink.blob.core.windows.net",
    account: "md-vt5dsjw04jqc",
    own: "md-vt5dsjw04jqc.blob.core.windows.net",
    kind: "private-link",
  },
];

test.each(rows)("$host belongs to the account $account", (row) => {
  const { host, account, secondary = false, own = host, kind = "account" } = row;
  const service = host.includes("file") ? "file" : "blob";
  expect(parseStorageHost(host)).toEqual({ kind, account, service, secondary, ownHost: own });
});

test.each(rows)("$host as a source and as a destination", ({ host, kind, secondary, account }) => {
  const url = `https://${host}/inbox/a`;
  const source = parseSource(url, onlyStorage);
  const destination = parseDestination(url, onlyStorage);
  if (kind === "private-link") {
    const own = host.replace(".privatelink", "");
    const problem = `has the host of a private link; write ${own}, which resolves to the private endpoint`;
    expect(source).toEqual({ ok: false, problems: [problem] });
    expect(destination).toEqual({ ok: false, problems: [problem] });
    return;
  }
  expect(source).toMatchObject({ ok: true, endpoint: { account, origin: `https://${host}` } });
  expect(destination.ok).toBe(kind === undefined && secondary === undefined);
});

test.each(rows)("a SAS can be minted on $host, unless it is that of a managed disk", (row) => {
  const source = parseSource(`https://${row.host}/inbox/a`, onlyStorage);
  if (!source.ok) return; // a private link
  const mint = createSasMint(() => {
    throw new Error("Not called");
  });
  expect(mint.isPossible(source.endpoint)).toBe(row.kind === undefined);
});

test.each(rows)("a pair of COPY_ALLOWED on $host", ({ host, kind, secondary }) => {
  const problems = (from: string, to: string) =>
    parseAllowedPairs(JSON.stringify([{ from, to }]), onlyStorage.emulator).problems;
  const other = "https://acct9.blob.core.windows.net/box";
  expect(problems(`https://${host}/inbox`, other).length === 0).toBe(kind !== "private-link");
  const isWritable = kind === undefined && secondary !== true;
  expect(problems(other, `https://${host}/inbox`).length === 0).toBe(isWritable);
});

test.each([
  "example.com",
  "core.windows.net",
  "blob.core.windows.net",
  "ab.blob.core.windows.net",
  "abcdefghijklmnopqrstuvwxy.blob.core.windows.net",
  "acct1xblob.core.windows.net",
  "evil.acct1.blob.core.windows.net",
  "acct1.blob.core.windows.net.evil.example",
  "acct1.blob.core.windows.net.",
  "acct-1.blob.core.windows.net",
  "acct1-tertiary.blob.core.windows.net",
  "acct1-dualstack-dualstack.blob.core.windows.net",
  "acct1-dualstack-ipv6.blob.core.windows.net",
  "acct1-dualstack-secondary.blob.core.windows.net",
  "acct1-dualstack-internetrouting.blob.core.windows.net",
  "acct1-secondary-secondary.blob.core.windows.net",
  "acct1-secondary-internetrouting.blob.core.windows.net",
  "acct1-internetrouting-microsoftrouting.blob.core.windows.net",
  "-secondary.blob.core.windows.net",
  "acct1.blob.storage.azure.net",
  "acct1.z01.blob.core.windows.net",
  "acct1.z6.web.core.windows.net",
  "acct1.z123.blob.storage.azure.net",
  "acct1.zz.blob.storage.azure.net",
  "acct1.privatelink.privatelink.blob.core.windows.net",
  "md-.blob.core.windows.net",
  "md-a-.blob.core.windows.net",
  "md-vt5dsjw04jqc.file.core.windows.net",
  "acct1.blob.core.windows.com",
])("%s is not a host of Storage", (host) => {
  expect(parseStorageHost(host)).toBeNull();
});

test.each([
  ["https://acct1.blob.core.windows.net./inbox/a", /without the trailing dot/],
  ["https://acct1.dfs.core.windows.net/inbox/a", /write acct1\.blob\.core\.windows\.net$/],
  ["https://acct1-internetrouting.dfs.core.windows.net/inbox/a", /write acct1\.blob\./],
  ["https://acct1.queue.core.windows.net/inbox/a", /the service "queue"/],
  ["https://md-vt5dsjw04jqc.file.core.windows.net/inbox/a", /not Azure Storage/],
])("%s is rejected with the host to write instead", (url, says) => {
  const parsed = parseSource(url, onlyStorage);
  expect(parsed.ok ? "" : parsed.problems.join()).toMatch(says);
});

test("one blob has one identity on every host of its account, and another one on its secondary", () => {
  const identity = (host: string) => {
    const parsed = parseSource(`https://${host}/inbox/a`, onlyStorage);
    if (!parsed.ok) throw new Error(parsed.problems.join());
    return identityOf(parsed.endpoint);
  };
  const own = identity("acct1.blob.core.windows.net");
  for (const route of ["internetrouting", "microsoftrouting", "dualstack", "ipv6"]) {
    expect(identity(`acct1-${route}.blob.core.windows.net`)).toBe(own);
  }
  expect(identity("acct1-secondary.blob.core.windows.net")).not.toBe(own);
  expect(identity("acct1.z01.blob.storage.azure.net")).not.toBe(own);
  expect(identity("acct1.blob.core.chinacloudapi.cn")).not.toBe(own);
});
