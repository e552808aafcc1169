import { expect, test } from "vitest";
import { startStack } from "../../support/stack/test-stack.ts";

test("a job within an account copies every blob below its source", async () => {
  const stack = await startStack();
  for (const name of ["a.txt", "b/c.txt", "b/d e.txt"]) await stack.upload(`inbox/2026/${name}`, name);
  await stack.upload("inbox/other.txt", "other");
  const { blobUrl } = stack.local.emulator;
  const response = await stack.call("POST", "/jobs", {
    body: {
      source: `${blobUrl}/devstoreaccount1/inbox/2026/`,
      destination: `${blobUrl}/devstoreaccount1/archive/old/`,
    },
  });
  console.log(response.status, response.text);
  expect(response.status).toBe(202);
  await stack.clock.settled();
  await stack.clock.advance(10_000);
  const job = await stack.call("GET", `/jobs/${response.json.id}`);
  console.log(job.text, stack.log.filter((l) => /error|warn/i.test(JSON.stringify(l))).slice(0, 5));
});
