import { expect, test } from "vitest";
import type { Endpoint } from "../../../../src/copy/location/endpoint.ts";
import {
  isOnStorageHost,
  isWellFormed,
  isWellFormedDestination,
} from "../../../../src/copy/location/trusted-endpoint.ts";
import { createCredentialFor, UntrustedHostError } from "../../../../src/storage/credentials.ts";

const emulator = { blob: "http://127.0.0.1:10000", file: "http://127.0.0.1:10003" };
const origins = { emulator, external: ["https://media.example"] };

const blob = {
  service: "blob",
  origin: "https://acct1.blob.core.windows.net",
  account: "acct1",
  secondary: false,
  emulated: false,
  container: "inbox",
  path: "2026/film 1#.mp4",
};
const file = {
  ...blob,
  service: "file",
  origin: "https://acct1.file.core.windows.net",
  share: "shelf",
};
const local = { ...blob, origin: emulator.blob, account: "devstoreaccount1", emulated: true };
const external = { service: "external", origin: "https://media.example", path: "/film%201.mp4" };

/** Activity inputs are JSON, so a test passes any shape. */
const asEndpoint = (json: unknown) => json as Endpoint;

test.each<[string, object]>([
  ["a blob", blob],
  ["a file", file],
  ["a blob of the China cloud", { ...blob, origin: "https://acct1.blob.core.chinacloudapi.cn" }],
  [
    "a blob of an account with a DNS zone",
    { ...blob, origin: "https://acct1.z01.blob.storage.azure.net" },
  ],
  [
    "a secondary",
    { ...blob, origin: "https://acct1-secondary.blob.core.windows.net", secondary: true },
  ],
  ["a blob of the emulator", local],
  [
    "a file of the emulator",
    { ...file, origin: emulator.file, account: "devstoreaccount1", emulated: true },
  ],
  ["a snapshot", { ...blob, snapshot: "2026-11-20T12:00:00.0000000Z" }],
  [
    "the host of a network route",
    { ...blob, origin: "https://acct1-internetrouting.blob.core.windows.net" },
  ],
  ["a special container", { ...blob, container: "$root", path: "x" }],
])("%s gets a credential", (_, endpoint) => {
  expect(isOnStorageHost(asEndpoint(endpoint), emulator)).toBe(true);
  expect(isWellFormed(asEndpoint(endpoint), origins)).toBe(true);
});

const untrusted: [string, unknown][] = [
  ["a foreign host", { ...blob, origin: "https://evil.example" }],
  ["a foreign host with the account's name", { ...blob, origin: "https://acct1.evil.example" }],
  [
    "a host that only begins like Storage",
    { ...blob, origin: "https://acct1.blob.core.windows.net.evil.example" },
  ],
  [
    "a host that only ends like Storage",
    { ...blob, origin: "https://acct1.blob.evil-core.windows.net" },
  ],
  ["the address of this machine", { ...blob, origin: "https://127.0.0.1:29443" }],
  ["the metadata service", { ...blob, origin: "http://169.254.169.254" }],
  ["another port", { ...blob, origin: "https://acct1.blob.core.windows.net:8443" }],
  ["plain http", { ...blob, origin: "http://acct1.blob.core.windows.net" }],
  ["another scheme", { ...blob, origin: "ftp://acct1.blob.core.windows.net" }],
  ["user information", { ...blob, origin: "https://acct1.blob.core.windows.net@evil.example" }],
  [
    "user information before the host",
    { ...blob, origin: "https://x@acct1.blob.core.windows.net" },
  ],
  ["a path in the origin", { ...blob, origin: "https://acct1.blob.core.windows.net/other" }],
  ["a query in the origin", { ...blob, origin: "https://acct1.blob.core.windows.net?x=" }],
  ["a fragment in the origin", { ...blob, origin: "https://evil.example#.blob.core.windows.net" }],
  [
    "a backslash in the origin",
    { ...blob, origin: "https://evil.example\\.blob.core.windows.net" },
  ],
  ["a private link", { ...blob, origin: "https://acct1.privatelink.blob.core.windows.net" }],
  ["a trailing dot", { ...blob, origin: "https://acct1.blob.core.windows.net." }],
  [
    "upper case, which no URL parser returns",
    { ...blob, origin: "https://ACCT1.blob.core.windows.net" },
  ],
  ["a line feed in the origin", { ...blob, origin: "https://acct1.blob.core.windows.net\n" }],
  ["no origin", { ...blob, origin: undefined }],
  ["an origin that is not text", { ...blob, origin: ["https://acct1.blob.core.windows.net"] }],
  ["an account other than the host's", { ...blob, account: "acct2" }],
  ["an account with a host in it", { ...blob, account: "acct1.blob.core.windows.net/evil" }],
  ["a file on a Blob host", { ...file, origin: blob.origin }],
  ["a blob on a Files host", { ...blob, origin: file.origin }],
  ["a blob on a queue's host", { ...blob, origin: "https://acct1.queue.core.windows.net" }],
  [
    "another service",
    { ...blob, service: "queue", origin: "https://acct1.queue.core.windows.net" },
  ],
  ["a foreign host that claims to be the emulator", { ...local, origin: "http://evil.example" }],
  ["another port of the emulator's machine", { ...local, origin: "http://127.0.0.1:10001" }],
  [
    "a file on the emulator's Blob service",
    { ...file, origin: emulator.blob, account: "devstoreaccount1", emulated: true },
  ],
  ["an account of the emulator with a path", { ...local, account: "../devstoreaccount1" }],
  ["a Storage host that claims to be the emulator", { ...blob, emulated: true }],
  ["the emulator as a Storage host", { ...local, emulated: false }],
  ["a URL outside Storage", external],
  ["null", null],
  ["a text", "https://acct1.blob.core.windows.net/inbox/a"],
  ["a list", [blob]],
  ["an empty object", {}],
];

test.each(untrusted)("%s gets no credential", (_, endpoint) => {
  expect(isOnStorageHost(asEndpoint(endpoint), emulator)).toBe(false);
  const credentialFor = createCredentialFor(emulator);
  // Only an activity without its own check would get here.
  const ask = () => credentialFor(endpoint as Parameters<typeof credentialFor>[0]);
  expect(ask).toThrow(UntrustedHostError);
});

test("without an emulator, no emulator endpoint gets a credential", () => {
  expect(isOnStorageHost(asEndpoint(local), { blob: null, file: null })).toBe(false);
});

test.each<[string, object]>([
  ["a name that ends in a dot", { ...blob, path: "x." }],
  ["a part that ends in a dot", { ...blob, path: "x./y" }],
  ["a dot segment", { ...blob, path: "../secret/x" }],
  ["a dot segment in the middle", { ...blob, path: "a/../../secret/x" }],
  ["a single dot", { ...blob, path: "./x" }],
  ["a container with a dot segment", { ...blob, container: "inbox/../secret" }],
  ["a container that is a dot segment", { ...blob, container: ".." }],
  ["a container with a query", { ...blob, container: "inbox?restype=container&x=" }],
  ["a container with a fragment", { ...blob, container: "inbox#" }],
  ["an encoded container", { ...blob, container: "%2e%2e" }],
  ["an empty container", { ...blob, container: "" }],
  ["an unpaired surrogate", { ...blob, path: "a\ud800" }],
  ["a share with a path", { ...file, share: "shelf/.." }],
  ["a path that is not text", { ...blob, path: 7 }],
  ["a snapshot that is not text", { ...blob, snapshot: { toString: 1 } }],
  ["a host in the path of a URL outside Storage", { ...external, path: "@evil.example/x" }],
  ["a query in a URL outside Storage", { ...external, path: "/film.mp4?key=1" }],
])("%s could not have been parsed from a URL", (_, endpoint) => {
  expect(isWellFormed(asEndpoint(endpoint), origins)).toBe(false);
});

test("a URL outside Storage could have been parsed", () => {
  expect(isWellFormed(asEndpoint(external), origins)).toBe(true);
});

test("a base blob and a file on a primary endpoint are destinations", () => {
  for (const endpoint of [blob, file, local]) {
    expect(isWellFormedDestination(asEndpoint(endpoint), origins)).toBe(true);
  }
});

const time = "2026-11-20T12:00:00.0000000Z";
const secondary = { origin: "https://acct1-secondary.blob.core.windows.net", secondary: true };

test.each<[string, unknown]>([
  ["a snapshot", { ...blob, snapshot: time }],
  ["a version", { ...blob, version: time }],
  ["a snapshot of a share", { ...file, snapshot: time }],
  ["an empty snapshot", { ...blob, snapshot: "" }],
  ["an empty version", { ...blob, version: "" }],
  ["a snapshot with a query", { ...blob, snapshot: `${time}&comp=lease` }],
  ["a secondary", { ...blob, ...secondary }],
  ["a primary that is called a secondary", { ...blob, secondary: true }],
  ["a secondary that is called a primary", { ...blob, ...secondary, secondary: false }],
  ["a secondary of the emulator", { ...local, secondary: true }],
  ["a secondary that is not a boolean", { ...blob, secondary: "no" }],
  ["a URL outside Storage", external],
  ["a managed disk", { ...blob, origin: "https://md-abcdef.z1.blob.storage.azure.net" }],
  ["null", null],
])("%s is no destination", (_, endpoint) => {
  expect(isWellFormedDestination(asEndpoint(endpoint), origins)).toBe(false);
});

test.each<[string, unknown]>([
  ["an empty snapshot", { ...blob, snapshot: "" }],
  ["a snapshot that is not one of Storage's times", { ...blob, snapshot: "2026-11-20T12:00:00Z" }],
  ["a snapshot and a version", { ...blob, snapshot: time, version: time }],
])("%s is no source", (_, endpoint) => {
  expect(isWellFormed(asEndpoint(endpoint), origins)).toBe(false);
});
