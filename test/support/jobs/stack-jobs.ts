import { ContainerClient, ContainerSASPermissions } from "@azure/storage-blob";
import type { TestStack } from "../stack/test-stack.ts";
import { firstAccount, secondAccount } from "../stack/test-stack.ts";

/** The URL of a container or folder of one of the emulator's accounts. */
export function placeUrl(stack: TestStack, path: string, account = firstAccount): string {
  return `${stack.local.emulator.blobUrl}/${account}/${path}`;
}

/** Builds the request of a job from `inbox/` to `archive/` of the first account. */
export function inboxJob(stack: TestStack, changes: object = {}) {
  return {
    source: placeUrl(stack, "inbox/"),
    destination: placeUrl(stack, "archive/"),
    ...changes,
  };
}

/** Starts a job and expects 202; returns its body. */
export async function startJob(
  stack: TestStack,
  body: object,
  headers: Record<string, string> = {},
) {
  const response = await stack.call("POST", "/jobs", { body, headers });
  if (response.status !== 202) {
    throw new Error(`POST returned ${response.status}: ${response.text}`);
  }
  await stack.clock.settled();
  return response.json;
}

export async function getJob(stack: TestStack, id: string) {
  return (await stack.call("GET", `/jobs/${id}`)).json;
}

/** Advances the clock, by at most `minutes`, until the job has ended; returns it. */
export async function untilJobEnded(stack: TestStack, id: string, minutes = 600) {
  return await untilJob(stack, id, ({ completedAt }) => completedAt !== null, minutes);
}

export async function untilJob(
  stack: TestStack,
  id: string,
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read bodies of every shape
  isReached: (job: any) => boolean,
  minutes = 600,
) {
  const limit = stack.clock.now() + minutes * 60_000;
  for (let step = 1_000; ; step = Math.min(60_000, step * 2)) {
    await stack.clock.settled();
    const job = await getJob(stack, id);
    if (isReached(job) || stack.clock.now() >= limit) return job;
    await stack.clock.advance(step);
  }
}

/** The settings that let jobs copy from each account to the first one, and write reports to a container. */
export const reportPairs = {
  COPY_ALLOWED: JSON.stringify(
    [firstAccount, secondAccount].flatMap((account) => [
      {
        from: `http://127.0.0.1:10000/${account}/inbox`,
        to: `http://127.0.0.1:10000/${firstAccount}/archive`,
      },
      {
        from: `http://127.0.0.1:10000/${account}/inbox`,
        to: `http://127.0.0.1:10000/${firstAccount}/reports`,
        allow: ["report"],
      },
    ]),
  ),
};

/** A SAS that lets its holder read and list `inbox`, for a day. */
export async function containerSas(stack: TestStack, account: string): Promise<string> {
  const { credential } = stack.blob("inbox/a.txt", account);
  const client = new ContainerClient(placeUrl(stack, "inbox", account), credential);
  const url = await client.generateSasUrl({
    permissions: ContainerSASPermissions.parse("rl"),
    startsOn: new Date(stack.clock.now() - 3_600_000),
    expiresOn: new Date(stack.clock.now() + 24 * 3_600_000),
  });
  return new URL(url).search.slice(1);
}
