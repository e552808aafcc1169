import { expect, test } from "vitest";
import { parseDestination, parseSource } from "../../../../src/copy/location/parse-endpoint.ts";

/*
 * Goal: a SAS whose question mark was encoded or lost does not become part of a name, which would be stored and shown.
 * A problem quotes a part of a URL only if it looks like a host or a name.
 */

const emulator = { blob: "http://127.0.0.1:10000", file: "http://127.0.0.1:10003" };
const origins = { emulator, external: [] };
const blobs = "https://acct1.blob.core.windows.net";
const files = "https://acct1.file.core.windows.net";
const secret = "S3CRETVALUE";

function problemsOf(url: string): string[] {
  return [parseSource, parseDestination].flatMap((parse) => {
    const parsed = parse(url, origins);
    return parsed.ok ? ["accepted"] : parsed.problems;
  });
}

test.each([
  `%3Fsig=${secret}`,
  `%3fsv=1&sig=${secret}`,
  `%3Fsv=1%26sig%3D${secret}`,
  `%253Fsv%253D1%2526sig%253D${secret}`,
  `%25253Fsv%25253D1%252526sig%25253D${secret}`,
  `%3Fsv=1%26s%69g=${secret}`,
  `%3Fsv=1%2526%2573ig=${secret}`,
  `;sig=${secret}`,
  `;sv=1;sig=${secret}`,
  `%3Fsv=1;sig=${secret}`,
  `%3Bsig=${secret}`,
  `&sv=1&SIG=${secret}`,
  `%26SiG%3D${secret}`,
  `%3F%20sig=${secret}`,
  `%3Fsig%20=${secret}`,
  `%20sig=${secret}`,
  `%EF%BC%9Fsig=${secret}`,
  `%25EF%25BC%259Fsig=${secret}`,
  `%C2%A0sig=${secret}`,
  `,sig=${secret}`,
  `|sig=${secret}`,
  `+sig=${secret}`,
  `/sig=${secret}`,
  `%2Fsig%3D${secret}`,
  `"sig=${secret}`,
])("a name with %s has a SAS in it", (text) => {
  const blob = 'has a SAS in its blob name; do not encode the "?" before it';
  expect(problemsOf(`${blobs}/in1/a.txt${text}`)).toEqual([blob, blob]);
  expect(problemsOf(`${files}/share/a.txt${text}`)).toContain(blob.replace("blob", "file"));
});

test.each([
  "sig.txt",
  "a.sig",
  "sig",
  "signed=1",
  "design=1",
  "x_sig=1",
  "a-sig=1",
  "v1.sig=1",
  "dsig=1",
  "s%2569g",
])("the name %s has no SAS in it", (name) => {
  expect(problemsOf(`${blobs}/in1/${name}`)).toEqual(["accepted", "accepted"]);
});

test.each([
  ["&sig=", "has a host with characters that are not allowed in a host"],
  ["&sv=1&sp=r&sig=", "has a host with characters that are not allowed in a host"],
  ["%26sig%3D", "has a host with characters that are not allowed in a host"],
  ["\uff06sig=", "has a host with characters that are not allowed in a host"],
  [";sig=", "has a host with characters that are not allowed in a host"],
])("a SAS after the host is not quoted: %s", (before, problem) => {
  for (const after of ["", "%2B", "/c/b"]) {
    expect(problemsOf(`${blobs}${before}${secret}${after}`)).toEqual([problem, problem]);
  }
});

const other =
  'has a host with characters that are not allowed in a host, which is read as "acct1.blob.core.windows.net"; write that instead';

test("for a host in another spelling, only the parsed spelling is quoted", () => {
  const spelled = "https://acct1.blob.core.windows%2enet/in1/a";
  expect(problemsOf(spelled)).toEqual([other, other]);
  const plain = "https://0x7f.1/in1/a";
  const problem = 'has the host "0x7f.1", which is read as "127.0.0.1"; write that instead';
  expect(problemsOf(plain)).toEqual([problem, problem]);
});

test.each(["&sig=", "%26sig%3D", ";sig=", "=", "%20sig=", "%3F"])(
  "a SAS after a container without a blob is not quoted: %s",
  (before) => {
    const problem =
      "names no container; for a blob in the root container, write /$root/ before the blob's name";
    const text = before === "%3F" ? "%3Fsv" : before;
    expect(problemsOf(`${blobs}/in1${text}${secret}`)).toEqual([problem, problem]);
  },
);
