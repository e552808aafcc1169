import { ContainerClient } from "@azure/storage-blob";
import { expect, test } from "vitest";
import { planAndCopy } from "../../support/requests/dry-run-calls.ts";
import { createStackFiles } from "../../support/stack/stack-files.ts";
import { secondAccount, startStack } from "../../support/stack/test-stack.ts";

/* Dry runs over http, where the app can sign no SAS. The calls are compared as in dry-run-calls.test.ts. */

const content = Buffer.alloc(10_000, "film");
const options = {};

test("the calls for a file to a file of its account match its dry run", async () => {
  const stack = await startStack();
  const files = createStackFiles(stack);
  const { url: source } = await files.upload("share/film.mp4", content);
  await files.createFolders("shelf/film.mp4");
  const request = { source, destination: files.file("shelf/film.mp4").url, options };
  const { planned, made, reads } = await planAndCopy(stack, request, { facts: {}, source });
  expect(made).toEqual(planned);
  expect(reads[0]).toMatchObject({ authorization: "app-identity" });
});

test("the calls for a public blob of another account match its dry run", async () => {
  const stack = await startStack();
  const { url: source, credential } = stack.blob("public/film.mp4", secondAccount);
  const container = new ContainerClient(source.replace("/film.mp4", ""), credential);
  await container.create({ access: "blob" });
  await stack.upload("public/film.mp4", content, secondAccount);
  const request = { source, destination: stack.blob("archive/film.mp4").url, options };
  const { planned, made, reads } = await planAndCopy(stack, request, { facts: {}, source });
  expect(made).toEqual(planned);
  expect(reads[0]).toMatchObject({ authorization: "none" });
});
