import { expect, test } from "vitest";
import { placeUrl, startJob, untilJobEnded } from "../../support/jobs/stack-jobs.ts";
import { firstAccount, startStack } from "../../support/stack/test-stack.ts";

/* A pair for a folder grants jobs nothing outside that folder, regardless of its name. */

const at = (path: string) => `http://127.0.0.1:10000/${firstAccount}/${path}`;

test("a pair for folders named x allows a job within them, and none of the containers around them", async () => {
  const stack = await startStack({
    copies: { finishOnStart: "always" },
    settings: { COPY_ALLOWED: JSON.stringify([{ from: at("inbox/x"), to: at("archive/x") }]) },
  });
  await stack.upload("inbox/x/allowed.txt", "allowed");
  await stack.upload("inbox/secret/salaries.csv", "secret");
  await stack.upload("inbox/important.txt", "other");
  const kept = await stack.upload("archive/important.txt", "former");
  const options = { overwrite: "always" };
  const around = { source: placeUrl(stack, "inbox/"), destination: placeUrl(stack, "archive/") };
  const refused = await stack.call("POST", "/jobs", { body: { ...around, options } });
  expect(refused.status).toBe(403);
  expect(refused.json.detail).toContain(
    `no pair in COPY_ALLOWED allows a copy from ${around.source} to ${around.destination}`,
  );
  const within = { source: placeUrl(stack, "inbox/x"), destination: placeUrl(stack, "archive/x") };
  const { id } = await startJob(stack, { ...within, options });
  expect(await untilJobEnded(stack, id)).toMatchObject({
    status: "succeeded",
    objects: { planned: 1, copied: 1 },
  });
  expect((await kept.downloadToBuffer()).toString()).toBe("former");
  const names: string[] = [];
  for await (const { name } of stack.container("archive").listBlobsFlat()) names.push(name);
  expect(names).toEqual(["important.txt", "x/allowed.txt"]);
});
