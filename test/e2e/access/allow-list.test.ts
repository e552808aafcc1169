import { afterAll, beforeAll, expect, test } from "vitest";
import { openStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";

/*
 * Goal: the allow-list withstands the usual tricks. Method: nothing leaves the machine, because every request
 * has a SAS and the app has no sealing key, which is checked last. So "allowed" means that the SAS is rejected,
 * "not allowed" means 403, and "invalid" means 400 with the name of the URL.
 */
type Verdict = "allowed" | "not allowed" | "invalid";

const blob = "blob.core.windows.net";
const pairs = [
  { from: `https://acct1.${blob}/inbox`, to: `https://acct2.${blob}/outbox` },
  { from: `https://acct3.${blob}`, to: `https://acct4.${blob}/` },
  { from: `https://acct5.${blob}/inbox/a%20b`, to: `https://acct2.${blob}/outbox/%C3%BC` },
  { from: `https://acct6-secondary.${blob}/inbox/`, to: `https://acct2.${blob}/outbox` },
];

/** URLs for source and destination: `a` is the allowed account, `c` the allowed container. */
const urls: { what: string; url: (a: string, c: string) => string; verdict: Verdict }[] = [
  // The same blob in other spellings: the comparison uses the URL that Storage gets.
  { what: "as it is", url: (a, c) => `https://${a}.${blob}/${c}/x`, verdict: "allowed" },
  {
    what: "mixed case",
    url: (a, c) => `HTTPS://${a.toUpperCase()}.Blob.CORE.windows.NET/${c}/x`,
    verdict: "allowed",
  },
  {
    what: "the default port",
    url: (a, c) => `https://${a}.${blob}:443/${c}/x`,
    verdict: "allowed",
  },
  {
    what: "an encoded host",
    url: (a, c) => `https://%61${a.slice(1)}%2e${blob}/${c}/x`,
    verdict: "invalid",
  },
  {
    what: "full-width letters and dots",
    url: (a, c) => `https://ａ${a.slice(1)}。${blob}/${c}/x`,
    verdict: "invalid",
  },
  { what: "backslashes", url: (a, c) => `https:\\\\${a}.${blob}\\${c}\\x`, verdict: "invalid" },
  { what: "a way back in", url: (a, c) => `https://${a}.${blob}/y/../${c}/x`, verdict: "invalid" },
  {
    what: "a name with a literal %2e%2e",
    url: (a, c) => `https://${a}.${blob}/${c}/%252e%252e/x`,
    verdict: "invalid",
  },
  {
    what: "an empty folder",
    url: (a, c) => `https://${a}.${blob}/${c}//x`,
    verdict: "allowed",
  },
  // Other places.
  {
    what: "a container that begins alike",
    url: (a, c) => `https://${a}.${blob}/${c}-secret/x`,
    verdict: "not allowed",
  },
  {
    what: "a container that ends alike",
    url: (a, c) => `https://${a}.${blob}/not-${c}/x`,
    verdict: "not allowed",
  },
  {
    what: "a folder of that name",
    url: (a, c) => `https://${a}.${blob}/other/${c}/x`,
    verdict: "not allowed",
  },
  {
    what: "the container in capitals",
    url: (a, c) => `https://${a}.${blob}/${c.toUpperCase()}/x`,
    verdict: "invalid",
  },
  { what: "the container itself", url: (a, c) => `https://${a}.${blob}/${c}`, verdict: "invalid" },
  { what: "no container", url: (a, c) => `https://${a}.${blob}//${c}/x`, verdict: "invalid" },
  {
    what: "dots that lead out",
    url: (a, c) => `https://${a}.${blob}/${c}/../secret/x`,
    verdict: "invalid",
  },
  {
    what: "encoded dots that lead out",
    url: (a, c) => `https://${a}.${blob}/${c}/%2E%2e/secret/x`,
    verdict: "invalid",
  },
  {
    what: "dots after an encoded slash",
    url: (a, c) => `https://${a}.${blob}/${c}/..%2fsecret/x`,
    verdict: "invalid",
  },
  {
    what: "dots before an encoded slash",
    url: (a, c) => `https://${a}.${blob}/${c}%2f..%2fsecret/x`,
    verdict: "invalid",
  },
  {
    what: "dots after an encoded backslash",
    url: (a, c) => `https://${a}.${blob}/${c}/..%5csecret/x`,
    verdict: "invalid",
  },
  {
    what: "overlong UTF-8 for a slash",
    url: (a, c) => `https://${a}.${blob}/${c}/..%c0%afsecret/x`,
    verdict: "invalid",
  },
  // Other hosts.
  {
    what: "a longer account",
    url: (a, c) => `https://${a}1.${blob}/${c}/x`,
    verdict: "not allowed",
  },
  {
    what: "a DNS zone of the same account",
    url: (a, c) => `https://${a}.z01.blob.storage.azure.net/${c}/x`,
    verdict: "not allowed",
  },
  ...["core.chinacloudapi.cn", "core.usgovcloudapi.net", "core.cloudapi.de"].map((suffix) => ({
    what: `the cloud ${suffix}`,
    url: (a: string, c: string) => `https://${a}.blob.${suffix}/${c}/x`,
    verdict: "not allowed" as const,
  })),
  ...["dfs", "queue", "web"].map((service) => ({
    what: `the service ${service}`,
    url: (a: string, c: string) => `https://${a}.${service}.core.windows.net/${c}/x`,
    verdict: "invalid" as const,
  })),
  { what: "a trailing dot", url: (a, c) => `https://${a}.${blob}./${c}/x`, verdict: "invalid" },
  {
    what: "a host that begins alike",
    url: (a, c) => `https://${a}.${blob}.evil.example/${c}/x`,
    verdict: "invalid",
  },
  {
    what: "a host before the allowed one",
    url: (a, c) => `https://evil.${a}.${blob}/${c}/x`,
    verdict: "invalid",
  },
  {
    what: "a host that only looks alike, in Cyrillic",
    url: (a, c) => `https://${a}.blob.core.wіndows.net/${c}/x`,
    verdict: "invalid",
  },
  {
    what: "the allowed host as user",
    url: (a, c) => `https://${a}.${blob}@evil.example/${c}/x`,
    verdict: "invalid",
  },
  {
    what: "a user before the allowed host",
    url: (a, c) => `https://evil@${a}.${blob}/${c}/x`,
    verdict: "invalid",
  },
  {
    what: "an empty user with a password",
    url: (a, c) => `https://:pw@${a}.${blob}/${c}/x`,
    verdict: "invalid",
  },
  {
    what: "the allowed host after a backslash",
    url: (a, c) => `https://evil.example\\@${a}.${blob}/${c}/x`,
    verdict: "invalid",
  },
  {
    what: "the allowed host in a fragment",
    url: (a, c) => `https://evil.example#@${a}.${blob}/${c}/x`,
    verdict: "invalid",
  },
  {
    what: "the allowed URL as a path",
    url: (a, c) => `https://evil.example/https://${a}.${blob}/${c}/x`,
    verdict: "invalid",
  },
  {
    what: "a NUL in the host",
    url: (a, c) => `https://${a}.${blob}%00.evil.example/${c}/x`,
    verdict: "invalid",
  },
  { what: "plain http", url: (a, c) => `http://${a}.${blob}/${c}/x`, verdict: "invalid" },
  { what: "port 80", url: (a, c) => `https://${a}.${blob}:80/${c}/x`, verdict: "invalid" },
  { what: "port 8443", url: (a, c) => `https://${a}.${blob}:8443/${c}/x`, verdict: "invalid" },
  ...[
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "168.63.129.16",
    "169.254.169.254",
    "１２７.0.0.1",
    "localhost",
  ].map((host) => ({
    what: `the address ${host}`,
    url: (_: string, c: string) => `https://${host}/${c}/x`,
    verdict: "invalid" as const,
  })),
];

/** Source and destination together: one pair must allow both. */
const copies: { what: string; source: string; destination: string; verdict: Verdict }[] = [
  {
    what: "a pair the other way round",
    source: `https://acct2.${blob}/outbox/x`,
    destination: `https://acct1.${blob}/inbox/x`,
    verdict: "not allowed",
  },
  {
    what: "the source of one pair, the destination of another",
    source: `https://acct1.${blob}/inbox/x`,
    destination: `https://acct4.${blob}/any/x`,
    verdict: "not allowed",
  },
  {
    what: "the destination of one pair, the source of another",
    source: `https://acct3.${blob}/any/x`,
    destination: `https://acct2.${blob}/outbox/x`,
    verdict: "not allowed",
  },
  {
    what: "a copy within the source",
    source: `https://acct1.${blob}/inbox/x`,
    destination: `https://acct1.${blob}/inbox/y`,
    verdict: "not allowed",
  },
  {
    what: "a pair of whole accounts",
    source: `https://acct3.${blob}/$root/x`,
    destination: `https://acct4.${blob}/any/x`,
    verdict: "allowed",
  },
  {
    what: "encoded names of a pair",
    source: `https://acct5.${blob}/inbox/a b/x`,
    destination: `https://acct2.${blob}/outbox/ü/x`,
    verdict: "allowed",
  },
  {
    what: "a plus sign, which is not a space",
    source: `https://acct5.${blob}/inbox/a+b/x`,
    destination: `https://acct2.${blob}/outbox/ü/x`,
    verdict: "not allowed",
  },
  {
    what: "another normal form of the same letter",
    source: `https://acct5.${blob}/inbox/a%20b/x`,
    destination: `https://acct2.${blob}/outbox/u%CC%88/x`,
    verdict: "not allowed",
  },
  {
    what: "a secondary that is named",
    source: `https://acct6-secondary.${blob}/inbox/x`,
    destination: `https://acct2.${blob}/outbox/x`,
    verdict: "allowed",
  },
  {
    what: "the primary of a secondary that is named",
    source: `https://acct6.${blob}/inbox/x`,
    destination: `https://acct2.${blob}/outbox/x`,
    verdict: "not allowed",
  },
  {
    what: "the secondary of a primary that is named",
    source: `https://acct1-secondary.${blob}/inbox/x`,
    destination: `https://acct2.${blob}/outbox/x`,
    verdict: "not allowed",
  },
  {
    what: "a destination on a secondary",
    source: `https://acct1.${blob}/inbox/x`,
    destination: `https://acct2-secondary.${blob}/outbox/x`,
    verdict: "invalid",
  },
];

let stack: TestStack;
beforeAll(async () => {
  const COPY_ALLOWED = JSON.stringify(pairs);
  // A blank setting: no sealing key.
  stack = await openStack({ environment: { COPY_ALLOWED, COPY_SECRET_KEYS: " " } });
});
afterAll(() => stack.close());

test.each(urls)("a source with $what is $verdict", async ({ url, verdict }) => {
  const response = await judge(url("acct1", "inbox"), `https://acct2.${blob}/outbox/x`);
  expect(response).toEqual({ verdict, pointer: "/source" });
});

test.each(urls)("a destination with $what is $verdict", async ({ url, verdict }) => {
  const response = await judge(`https://acct1.${blob}/inbox/x`, url("acct2", "outbox"));
  expect(response).toEqual({
    verdict,
    pointer: verdict === "invalid" ? "/destination" : "/source",
  });
});

test.each(copies)("$what is $verdict", async ({ source, destination, verdict }) => {
  const response = await judge(source, destination);
  expect(response.verdict).toBe(verdict);
});

/** The app's verdict on a copy, and whether it names source or destination. Nothing is started or written. */
async function judge(
  source: string,
  destination: string,
): Promise<{ verdict: Verdict; pointer: string }> {
  const body = { source: `${source}?sv=2026-10-06&sig=x`, destination };
  const response = await stack.call("POST", "/copies", { body });
  const written = stack.local.emulator.requests.filter(({ method }) => method !== "GET");
  expect(written.map(({ operation }) => operation)).toEqual(["CreateContainer"]); // the test's own container
  if (response.status === 403) return { verdict: "not allowed", pointer: "/source" };
  expect(response.status).toBe(400);
  const named = response.json.errors.map(({ pointer }: { pointer: string }) => pointer);
  expect(new Set(named).size).toBe(1);
  const isSealing = String(response.json.fix).includes("COPY_SECRET_KEYS");
  return { verdict: isSealing ? "allowed" : "invalid", pointer: named[0] };
}
