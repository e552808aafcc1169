import { HttpRequest } from "@azure/functions";
import { expect, test } from "vitest";
import { servePage } from "../../../src/dashboard/serve-page.ts";

/* test/e2e/dashboard/page-files.test.ts covers the rest, through the app. */

const request = () =>
  new HttpRequest({ method: "GET", url: "http://app.example/api/dashboard", params: {} });

test("a file is read once, when it is first requested", async () => {
  const read: string[] = [];
  const serve = servePage(async (name) => {
    read.push(name);
    return "<!doctype html>";
  });
  expect(read).toEqual([]);
  for (let index = 0; index < 3; index++) expect((await serve(request())).status).toBe(200);
  expect(read).toEqual(["page.html"]);
});

test("a file that cannot be read is read again at the next request", async () => {
  let isMissing = true;
  const serve = servePage(async () => {
    if (isMissing) throw new Error("ENOENT");
    return "<!doctype html>";
  });
  await expect(serve(request())).rejects.toThrow("ENOENT");
  isMissing = false;
  expect((await serve(request())).body).toBe("<!doctype html>");
});

test("without a build, the error names the command that builds the page", async () => {
  // The sources have no bundled page next to them.
  await expect(servePage()(request())).rejects.toThrow(
    /^Cannot show the dashboard because .*"npm run build" writes it: .*page\.html/,
  );
});
