import { expect, test } from "vitest";
import { parseAllowedPairs } from "../../../../src/copy/request/access-policy.ts";
import { parseDestination, parseSource } from "../../../../src/copy/location/parse-endpoint.ts";
import { parseRoutes } from "../../../../src/copy/routing/routes.ts";

/* The app does not start if COPY_ALLOWED contains a place in which no source or destination can be. */

const emulator = { blob: "http://127.0.0.1:10000", file: "http://127.0.0.1:10003" };
const origins = { emulator, external: ["https://cdn.example", "https://xn--bcher-kva.example"] };
const good = "https://acct1.blob.core.windows.net/out";
const problemsOf = (from: string, to = good) =>
  parseAllowedPairs(JSON.stringify([{ from, to }]), emulator).problems;

const storage = /must begin with https:\/\/ and an Azure Storage host/;
const container = /does not name a container \(3 to 63/;
const share = /does not name a share \(3 to 63/;

test.each([
  ["https://acct1.dfs.core.windows.net/in1", /write acct1\.blob\.core\.windows\.net/],
  ["https://acct1.queue.core.windows.net/in1", /only "blob" and "file" are supported/],
  ["https://acct1.table.core.windows.net", /only "blob" and "file" are supported/],
  ["https://acct1.web.core.windows.net/", /only "blob" and "file" are supported/],
  ["https://acct1.blob.core.windows.net/IN1", container],
  ["https://acct1.blob.core.windows.net/in1%2Fx", container],
  ["https://acct1.blob.core.windows.net/in", container],
  ["https://acct1.blob.core.windows.net/in--1/x", container],
  ["https://acct1.blob.core.windows.net/$other", container],
  ["https://acct1.blob.core.windows.net//in1", container],
  ["https://acct1.blob.core.windows.net/in1/a%2Fb", /has an encoded slash/],
  ["https://acct1.blob.core.windows.net/in1/a%09b", /U\+0009 TAB in its blob name/],
  [`https://acct1.blob.core.windows.net/in1/${"a".repeat(1_025)}`, /1,024/],
  ["https://acct1.file.core.windows.net/Share", share],
  ["https://acct1.file.core.windows.net/$root", share],
  ["https://acct1.file.core.windows.net/share/a//b", /an empty part/],
  ["https://acct1.file.core.windows.net/share/nul", /a reserved device name/],
  [`${emulator.blob}/UPPER/in1`, /an account of the emulator/],
  [`${emulator.blob}/x`, /an account of the emulator/],
  [`${emulator.blob}/devstoreaccount1/IN1`, container],
  [`${emulator.file}/devstoreaccount1/$web`, share],
])("%s is rejected, because no source or destination can be in it", (place, problem) => {
  expect(problemsOf(place)[0]).toMatch(problem);
  expect(problemsOf(good, place)[0]).toMatch(problem);
});

test.each([
  "https://acct1.z01.blob.core.windows.net/in1",
  "https://acct1.blob.storage.azure.net/in1",
  "https://acct1.blob.core.windows.us/in1",
  "https://acct1.blob.core.windows.com/in1",
  "https://acct1.blob.core.chinacloudapi.com/in1",
  "https://acct1.blob.core.usgovcloudapi.com/in1",
  "https://a_b.blob.core.windows.net/in1",
  "https://ab.blob.core.windows.net/in1",
  "https://blob.core.windows.net/in1",
  "https://acct1.x.blob.core.windows.net/in1",
  "https://acct1.file.storage.azure.com/in1",
])(
  "%s looks like Storage but is not, so it is not accepted as a place outside Storage",
  (place) => {
    expect(problemsOf(place)[0]).toMatch(storage);
    expect(problemsOf(good, place)[0]).toMatch(storage);
  },
);

test.each([
  "https://acct1-secondary.blob.core.windows.net/out",
  "https://acct1-secondary.file.core.windows.net/out",
])("%s is read-only: it can be a source, but not a destination", (place) => {
  expect(problemsOf(place)).toEqual([]);
  expect(problemsOf(good, place)[0]).toMatch(/is a secondary endpoint, which is read-only/);
});

test.each([
  "https://acct1.blob.core.windows.net",
  "https://acct1.blob.core.windows.net/",
  "https://acct1.blob.core.windows.net/in1/",
  "https://acct1.blob.core.windows.net/in1//x",
  "https://acct1.blob.core.windows.net/$root/a",
  "https://acct1.blob.core.windows.net/%24web",
  "https://acct1.file.core.windows.net/share/a/b",
  "https://acct1.z6.web.core.windows.net/site",
  "https://blob.example/in1",
  "https://127.0.0.1/x",
  "https://evil.example:8443/x",
  `${emulator.blob}/devstoreaccount1`,
  `${emulator.file}/devstoreaccount1/share/a`,
])("%s is accepted as a place for sources", (place) => {
  expect(problemsOf(place)).toEqual([]);
});

const spellings: [written: string, read: string][] = [
  ["acct1.blob.core.windows%2enet", "acct1.blob.core.windows.net"],
  ["acct1%2eblob.core.windows.net", "acct1.blob.core.windows.net"],
  ["acct1\u3002blob.core.windows.net", "acct1.blob.core.windows.net"],
  ["acct1\uff0eblob.core.windows.net", "acct1.blob.core.windows.net"],
  ["acct1\uff61blob.core.windows.net", "acct1.blob.core.windows.net"],
  ["ac\u00adct1.blob.core.windows.net", "acct1.blob.core.windows.net"],
  ["ac\u200bct1.blob.core.windows.net", "acct1.blob.core.windows.net"],
  ["\uff41cct1.blob.core.windows.net", "acct1.blob.core.windows.net"],
  ["acct1.blob.core.w\u0131ndows.net", "acct1.blob.core.xn--wndows-p9a.net"],
  ["acct1.blob.core.windows.net\u3002", "acct1.blob.core.windows.net."],
  ["ac\u212at1.blob.core.windows.net", "ackt1.blob.core.windows.net"],
  ["cdn%2eexample", "cdn.example"],
  ["b\u00fccher.example", "xn--bcher-kva.example"],
  ["0x7f.1", "127.0.0.1"],
  ["2130706433", "127.0.0.1"],
  ["[0:0::1]", "[::1]"],
];

test.each(spellings)(
  "the host %j is rejected, with the host that the URL parser reads",
  (host, read) => {
    const url = `https://${host}/in1/a`;
    const problems = [parseSource, parseDestination]
      .map((parse) => parse(url, origins))
      .flatMap((parsed) => (parsed.ok ? ["accepted"] : parsed.problems));
    const problem = expect.stringContaining(`which is read as "${read}"; write that`);
    expect(problems).toEqual([problem, problem]);
    expect(problems.join()).not.toMatch(/[\u00ad\u200b]/);
    expect(problemsOf(`https://${host}/in1`)).toEqual(
      [problem].map(() => expect.stringContaining("write that")),
    );
    const route = { name: "r", source: `https://${host}/in1`, destination: `${good}/{path}` };
    expect(parseRoutes(JSON.stringify([route]), origins).problems.join()).toContain("write that");
  },
);

test.each(["https://ACCT1.Blob.Core.Windows.NET:443/in1/a", "https://XN--BCHER-KVA.example:/a"])(
  "%s is read as it is written: case and the default port do not matter",
  (url) => {
    expect(parseSource(url, origins)).toMatchObject({ ok: true });
  },
);

test("a host that is longer than any name in DNS is not in the message", () => {
  const hosts = [`${"a".repeat(30_000)}.example`, `${"aaa.".repeat(8_000)}example`];
  for (const url of hosts.map((host) => `https://${host}/in1/a`)) {
    for (const parsed of [parseSource(url, origins), parseDestination(url, origins)]) {
      if (parsed.ok) throw new Error("accepted");
      expect(parsed.problems.join()).toContain("is not shown because it may be a secret");
      expect(parsed.problems.join()).not.toContain("aaa");
    }
  }
});

test.each(["out.", "a/out./b", "out.%2E"])(
  "a pair whose folder is %s is rejected, because no blob has a part that ends in a dot",
  (folder) => {
    const archive = `https://acct1.blob.core.windows.net/archive/${folder}`;
    const inbox = "https://acct1.blob.core.windows.net/inbox";
    const problem = expect.stringContaining('"." at the end of a part of its blob name');
    for (const pair of [
      { from: inbox, to: archive },
      { from: archive, to: inbox },
    ]) {
      const { problems } = parseAllowedPairs(JSON.stringify([pair]), emulator);
      expect(problems).toEqual([problem]);
    }
  },
);
