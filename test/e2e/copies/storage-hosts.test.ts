import { BlobSASPermissions, PageBlobClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { firstAccount, hour, secondAccount, startStack } from "../../support/stack/test-stack.ts";
import type { TestStack } from "../../support/stack/test-stack.ts";
import { startStorageProxy } from "../../support/servers/storage-proxy.ts";

/*
 * Sources on every kind of Storage host. The app's clients reach the emulator through a proxy, as in some networks.
 * The SDK reads the proxy from the environment once, so this file runs in a separate process (test/vitest.config.ts).
 */

const disk = "md-vt5dsjw04jqc.blob.core.windows.net";
const routed = ["internetrouting", "microsoftrouting"].map(
  (route) => `${secondAccount}-${route}.blob.core.windows.net`,
);
const zoned = `${secondAccount}.z01.blob.storage.azure.net`;
const secondary = `${secondAccount}-secondary.blob.core.windows.net`;
const primary = `${secondAccount}.blob.core.windows.net`;
const hosts = [disk, ...routed, zoned, primary, secondary];

async function startWithHosts(): Promise<TestStack> {
  const proxy = await startStorageProxy();
  const archive = `https://127.0.0.1:10000/${firstAccount}/archive`;
  const stack = await startStack({
    secure: true,
    hosts: Object.fromEntries(hosts.map((host) => [host, secondAccount])),
    copies: { bytesPerSecond: 1_000 },
    environment: { ...proxy.environment, COPY_SECRET_KEYS: Buffer.alloc(32, 7).toString("base64") },
    settings: {
      COPY_ALLOWED: JSON.stringify(
        hosts.map((host) => ({
          from: `https://${host}/`,
          to: archive.replace("https:", "http:"), // the local stack replaces its own default address
          allow: ["seal"],
        })),
      ),
    },
  });
  proxy.port = stack.local.emulator.port;
  return stack;
}

/** A page blob with some bytes, and its SAS of a disk export on the host that Azure gives it. */
async function exportDisk(stack: TestStack): Promise<string> {
  const { url, credential } = await stack.upload("fkcg0xg0n00v/abcd-old", "", secondAccount);
  const vhd = new PageBlobClient(url.replace("abcd-old", "abcd"), credential);
  await vhd.create(1_024);
  await vhd.uploadPages(Buffer.alloc(512, "d"), 512, 512);
  const sas = new URL(
    await vhd.generateSasUrl({
      permissions: BlobSASPermissions.parse("r"),
      startsOn: new Date(stack.clock.now() - hour),
      expiresOn: new Date(stack.clock.now() + hour),
    }),
  );
  return `https://${disk}${sas.pathname.replace(`/${secondAccount}`, "")}${sas.search}`;
}

async function createPageBlob(stack: TestStack, path: string): Promise<PageBlobClient> {
  const { url, credential } = stack.blob(path);
  const blob = new PageBlobClient(url, credential);
  await blob.create(2_048);
  return blob;
}

test("the export of a managed disk is copied onto an existing page blob, with a tier", async () => {
  const stack = await startWithHosts();
  const destination = await createPageBlob(stack, "archive/disk.vhd");
  const source = await exportDisk(stack);
  const options = { overwrite: "always", tier: "P10" };
  const { id } = await stack.start({ source, destination: destination.url, options });
  expect(await stack.untilEnded(id)).toMatchObject({ status: "succeeded", error: null });
  expect(await destination.getProperties()).toMatchObject({
    blobType: "PageBlob",
    contentLength: 1_024,
    accessTier: "P10",
  });
  expect((await destination.downloadToBuffer()).subarray(512).toString()).toBe("d".repeat(512));
  // The app has read the type and the length on the disk's own host.
  const reads = stack.local.emulator.requests.filter(({ headers }) => headers["host"] === disk);
  expect(reads.map(({ operation }) => operation)).toContain("GetBlobProperties");
});

test.each([
  [{ tier: "Cool" }, "not-supported", /because the source is a PageBlob/],
  [{ sealBlob: true }, "not-supported", /because the source is a PageBlob/],
])(
  "the export of a managed disk with %j fails because of its real type",
  async (more, cause, message) => {
    const stack = await startWithHosts();
    const source = await exportDisk(stack);
    const { url } = stack.blob("archive/disk.vhd");
    const { id } = await stack.start({ source, destination: url, options: more });
    expect(await stack.untilEnded(id)).toMatchObject({
      status: "failed",
      error: { cause, message: expect.stringMatching(message) },
    });
  },
);

test("the export of a managed disk without its SAS cannot be read, and no key is requested", async () => {
  const stack = await startWithHosts();
  const [source = ""] = (await exportDisk(stack)).split("?");
  const { id } = await stack.start({ source, destination: stack.blob("archive/disk.vhd").url });
  expect(await stack.untilEnded(id)).toMatchObject({
    status: "failed",
    error: { cause: "source-unauthorized" },
  });
  const operations = stack.local.emulator.requests.map(({ operation }) => operation);
  expect(operations).not.toContain("GetUserDelegationKey");
});

test.each([...routed, zoned, primary, secondary])(
  "a blob on %s is copied with a SAS that the app signs, and its type and length are read",
  async (host) => {
    const stack = await startWithHosts();
    const { url } = await stack.upload(
      "inbox/film ü.mp4",
      Buffer.alloc(10_000, "film"),
      secondAccount,
    );
    const source = `https://${host}${new URL(url).pathname.replace(`/${secondAccount}`, "")}`;
    const destination = stack.blob("archive/film.mp4");
    const { id } = await stack.start({ source, destination: destination.url });
    expect(await stack.untilEnded(id)).toMatchObject({
      status: "succeeded",
      progress: { totalBytes: 10_000 },
    });
    expect((await destination.downloadToBuffer()).length).toBe(10_000);
    const start = stack.local.emulator.requests.find(({ operation }) => operation === "CopyBlob");
    const sent = new URL(start?.headers["x-ms-copy-source"] ?? "");
    expect(sent.host).toBe(host);
    expect(sent.searchParams.get("skoid")).not.toBeNull();
    // A secondary issues no keys.
    const key = stack.local.emulator.requests.find(
      ({ operation }) => operation === "GetUserDelegationKey",
    );
    expect(key?.headers["host"]).toBe(host === secondary ? primary : host);
  },
);
