import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { makeCertificate, trustCertificate } from "../../../src/local/certificate.ts";
import type { CopyInput } from "../../../src/copy/contract/activities.ts";
import { toCopyId } from "../../../src/copy/contract/ids.ts";
import type { CopyResult } from "../../../src/copy/contract/outcome.ts";
import type { Destination, Endpoint } from "../../../src/copy/location/endpoint.ts";
import { atEnd, uploadBlob } from "../../support/stack/emulator.ts";
import { startIdentity } from "../../support/stack/identity.ts";
import { createCopyInput, createSteps } from "../../support/stack/steps.ts";

/*
 * Goal: a client that can put any input into the task hub does not get the app's token. Method: activities run with
 * inputs that no trigger of Ferry would write. The identity gives tokens, and an attacker's https server, whose
 * certificate is trusted, records every request.
 */

async function startAttackerHost() {
  const tls = await makeCertificate(Date.now());
  atEnd(trustCertificate(tls));
  const requests: string[] = [];
  const server = createServer(tls, ({ method, url, headers }, response) => {
    requests.push(`${method} ${url} ${headers.authorization}`);
    response.writeHead(200, { etag: '"x"', "content-length": "0" }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // listens on TCP
  return { origin: `https://127.0.0.1:${port}`, requests };
}

async function start() {
  const storage = await startIdentity();
  const attacker = await startAttackerHost();
  const steps = createSteps(storage);
  const source = await uploadBlob(storage.service, "film");
  await storage.service.createContainer("archive");
  const destination = storage.service.getContainerClient("archive").getBlobClient("copy.mp4");
  const { instanceId, copy } = createCopyInput(storage, {
    source: source.url,
    destination: destination.url,
  });
  const requests = storage.emulator.requests.length;
  /** The calls to Storage itself, without the ledger's. */
  const called = () =>
    storage.emulator.requests
      .slice(requests)
      .filter(({ url }) => !url.includes("ferry-ledger"))
      .map(({ operation }) => operation);
  return { storage, attacker, steps, instanceId, copy, called };
}

type Start = Awaited<ReturnType<typeof start>>;

/** Endpoints at the attacker's host, as JSON. */
const strange: [string, (endpoint: Endpoint, host: string) => unknown][] = [
  ["a foreign host", (endpoint, host) => ({ ...endpoint, origin: host, emulated: false })],
  ["a foreign host as the emulator", (endpoint, host) => ({ ...endpoint, origin: host })],
  ["a foreign host for files", (_, host) => asFile(host, false)],
  ["a foreign host as the emulator's files", (_, host) => asFile(host, true)],
  ["a foreign secondary", (endpoint, host) => ({ ...endpoint, origin: host, secondary: true })],
  [
    "the emulator as user information",
    (endpoint, host) => ({
      ...endpoint,
      origin: `${origin(endpoint)}@${host.slice("https://".length)}`,
    }),
  ],
  ["a foreign host in the account", (endpoint, host) => ({ ...endpoint, account: `x@${host}` })],
  ["no container", (endpoint, host) => ({ ...endpoint, origin: host, container: undefined })],
  ["an empty object", () => ({})],
  ["null", () => null],
];

function asFile(host: string, emulated: boolean) {
  const place = { service: "file", share: "shelf", path: "x", account: "devstoreaccount1" };
  return { ...place, origin: host, secondary: false, emulated };
}

function origin(endpoint: Endpoint): string {
  return endpoint.origin;
}

const plan = { source: { etag: '"1"', length: 4 }, destinationEtag: null };
const copyId = toCopyId("5e1a9a36-22dc-4cbb-a3b2-1e4e3bd4a9f1");
const record = { abortRequested: true, startedAt: null, statusReads: 0 };
const refused = { failure: { cause: "not-allowed" } };
const log = { log() {} };

const withDestination = ({ copy }: Start, json: unknown): CopyInput => ({
  ...copy,
  destination: json as Destination, // the attacker's
});
const withSource = ({ copy }: Start, json: unknown): CopyInput => ({
  ...copy,
  source: json as Endpoint, // the attacker's
});

test.each(strange)("a start rejects a source or destination with %s", async (_, build) => {
  const started = await start();
  const { steps, instanceId, copy, attacker, called } = started;
  for (const input of [
    withSource(started, build(copy.source, attacker.origin)),
    withDestination(started, build(copy.destination, attacker.origin)),
  ]) {
    const startedCopy = await steps.startCopy({ instanceId, copy: input });
    expect(startedCopy).toMatchObject({ kind: "failed", ...refused });
  }
  expect(attacker.requests).toEqual([]);
  expect(called()).toEqual([]);
  expect(await steps.ledger.readLock(copy.destination)).toBeNull();
});

test.each(strange)("read, abort and settle do not call a destination with %s", async (_, build) => {
  const started = await start();
  const { steps, instanceId, copy, attacker, called } = started;
  const input = withDestination(started, build(copy.destination, attacker.origin));
  const poll = { instanceId, copy: input, plan, copyId };
  for (const status of [await steps.readCopy(poll), await steps.abortCopy(poll)]) {
    expect(status).toMatchObject({ kind: "unobservable", ...refused });
  }
  const result: CopyResult = {
    kind: "failed",
    etag: '"x"',
    endedAt: null,
    progress: null,
    ...never,
  };
  const settled = await steps.settleCopy(
    { instanceId, copy: input, plan, copyId, result, record, isLastAttempt: false },
    log,
  );
  expect(settled).toMatchObject({ kind: "settled", outcome: { status: "failed" } });
  expect(attacker.requests).toEqual([]);
  expect(called()).toEqual([]);
});

test.each(strange)(
  "settle releases no lease at a source with %s, and reports why",
  async (what, build) => {
    const started = await start();
    const { steps, instanceId, copy, attacker, called } = started;
    const input = withSource(started, build(copy.source, attacker.origin));
    const result: CopyResult = { kind: "aborted-before-start" };
    const settled = await steps.settleCopy(
      {
        instanceId,
        copy: { ...input, leasesSource: true },
        plan: null,
        copyId: null,
        result,
        record,
        isLastAttempt: false,
      },
      log,
    );
    const isNoEndpoint = ["no container", "an empty object", "null"].includes(what);
    expect(settled).toMatchObject({
      kind: "settled",
      outcome: isNoEndpoint
        ? { status: "failed", ...refused }
        : { residue: [expect.stringContaining("not a Storage service of a known cloud")] },
    });
    expect(attacker.requests).toEqual([]);
    expect(called()).toEqual([]);
  },
);

const never = {
  failure: { cause: "internal", message: "", fix: "", retryable: true, storage: null },
} as const;

test.each<[string, (copy: CopyInput) => object]>([
  ["a container that leads out of the pair", () => ({ container: "archive/../secret" })],
  ["a name that leads out of the pair", () => ({ path: "../secret/copy.mp4" })],
  ["a container with a query", () => ({ container: "archive?comp=metadata&x=" })],
])("a start rejects a destination with %s", async (_, change) => {
  const started = await start();
  const { steps, instanceId, copy, called } = started;
  const input = withDestination(started, { ...copy.destination, ...change(copy) });
  expect(await steps.startCopy({ instanceId, copy: input })).toMatchObject(refused);
  expect(called()).toEqual([]);
});

test("an input from Ferry itself gets a token, for Storage only", async () => {
  const { steps, instanceId, copy, storage, attacker } = await start();
  expect(await steps.startCopy({ instanceId, copy })).toMatchObject({ kind: "started" });
  const authorized = storage.emulator.requests.filter(({ headers }) =>
    headers["authorization"]?.startsWith("Bearer "),
  );
  expect(authorized.length).toBeGreaterThan(0);
  expect(attacker.requests).toEqual([]);
});
