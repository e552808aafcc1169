import { expect, test } from "vitest";
import { startStack } from "../support/stack/test-stack.ts";
import { expectCount, expectText, openDashboard } from "./support/dashboard.ts";

/* The page when it cannot show copies: without a key or sign-in, without the app, and while it is hidden. */

const keys = { FUNCTIONS_KEYS: "master=m4ster;default=h0st-k3y;eventgrid_extension=3vents" };
const withKey = { "x-functions-key": "h0st-k3y" };

test("with keys, the page asks for one, sends it only in a header, and keeps it only in memory", async () => {
  const stack = await startStack({ environment: keys });
  const source = await stack.upload("inbox/film.mp4", "film");
  const body = { source: source.url, destination: stack.blob("archive/film.mp4").url };
  await stack.start(body, withKey);
  const dashboard = await openDashboard(stack);
  const { page, button, rows } = dashboard;
  dashboard.expectErrors("status of 401");
  const sent: (string | undefined)[] = [];
  const urls: string[] = [];
  page.on("request", (request) => {
    urls.push(request.url());
    sent.push(request.headers()["x-functions-key"]);
  });

  await page.getByRole("heading", { name: "This app needs a key" }).waitFor();
  await dashboard.screenshot("no-key");
  const field = page.getByLabel("Function key");
  expect(await field.getAttribute("type")).toBe("password");
  await field.fill("wr0ng-k3y");
  await button("Use this key").click();
  await expectText(page.getByRole("alert"), "did not accept this key");

  await field.fill("h0st-k3y");
  await button("Use this key").click();
  await expectCount(rows(), 1);
  expect(sent).toContain("h0st-k3y");
  expect(urls.join()).not.toContain("k3y");
  const kept = await page.evaluate(() =>
    [
      ...Object.values(localStorage),
      ...Object.values(sessionStorage),
      document.cookie,
      location.href,
      document.documentElement.outerHTML,
    ].join(),
  );
  expect(kept).not.toContain("k3y");
  await page.reload();
  await page.getByRole("heading", { name: "This app needs a key" }).waitFor();
});

test("behind Microsoft Entra, the page leads to the sign-in, and then shows the caller's copies", async () => {
  const stack = await startStack({
    environment: { COPY_AUTH: "entra", WEBSITE_AUTH_ENABLED: "true" },
  });
  const alice = { "x-ms-client-principal-id": "11111111", "x-ms-client-principal-idp": "aad" };
  const source = await stack.upload("inbox/film.mp4", "film");
  const body = { source: source.url, destination: stack.blob("archive/film.mp4").url };
  await stack.start(body, alice);
  const dashboard = await openDashboard(stack);
  const { page, rows } = dashboard;
  dashboard.expectErrors("status of 401");
  const link = page.getByRole("link", { name: "Sign in" });
  expect(await link.getAttribute("href")).toBe(
    "/.auth/login/aad?post_login_redirect_uri=%2Fapi%2Fdashboard",
  );
  await dashboard.screenshot("sign-in");
  // App Service adds these headers to the requests of a browser that has signed in.
  await page.route(/\/api\/copies/, (route) =>
    route.continue({ headers: { ...route.request().headers(), ...alice } }),
  );
  await page.reload();
  await expectCount(rows(), 1);
});

test("a 401 of App Service itself leads to the sign-in too", async () => {
  const stack = await startStack();
  const dashboard = await openDashboard(stack, {
    prepare: (page) =>
      page.route(/\/api\/copies/, (route) =>
        route.fulfill({ status: 401, headers: { "www-authenticate": 'Bearer realm="app"' } }),
      ),
  });
  dashboard.expectErrors("status of 401");
  await dashboard.page.getByRole("link", { name: "Sign in" }).waitFor();
  expect(await dashboard.page.getByLabel("Function key").count()).toBe(0);
});

test("while the app does not respond, the page shows the age of its data, and recovers", async () => {
  const stack = await startStack();
  const source = await stack.upload("inbox/film.mp4", "film");
  const body = { source: source.url, destination: stack.blob("archive/film.mp4").url };
  await stack.start(body);
  const dashboard = await openDashboard(stack);
  const { page, rows, advance } = dashboard;
  await expectCount(rows(), 1);
  dashboard.expectErrors("net::ERR_CONNECTION_REFUSED");
  await page.route(/\/api\/copies/, (route) => route.abort("connectionrefused"));
  await advance(120_000);
  await expectText(
    page.getByRole("banner"),
    /Not connected; last update 1|Not connected; last update 2/,
  );
  await page.getByRole("alert").waitFor();
  await expectCount(rows(), 1);
  await dashboard.screenshot("lost");
  await page.unroute(/\/api\/copies/);
  await advance(120_000);
  await expectText(page.getByRole("banner"), "Live");
  expect(await page.getByRole("alert").count()).toBe(0);
});

test("with wrong settings, the page names them", async () => {
  const stack = await startStack();
  const detail =
    "The app runs, but its settings are wrong, so it accepts no copies: COPY_ALLOWED must be a JSON list";
  const dashboard = await openDashboard(stack, {
    async prepare(page) {
      // Then the app has no functions except health and the page.
      await page.route(/\/api\/copies/, (route) => route.fulfill({ status: 404 }));
      await page.route(/\/api\/health/, (route) =>
        route.fulfill({
          status: 503,
          contentType: "application/problem+json",
          json: {
            type: "urn:ferry:problem:settings",
            title: "The settings of the app are wrong",
            status: 503,
            detail,
          },
        }),
      );
    },
  });
  dashboard.expectErrors("status of 404", "status of 503");
  const { page, advance } = dashboard;
  await advance(60_000);
  await page.getByRole("heading", { name: "The settings of this app are wrong" }).waitFor();
  await expectText(page.getByRole("alert"), "COPY_ALLOWED must be a JSON list");
  expect(await page.getByRole("button", { name: "New copy" }).isDisabled()).toBe(true);
});

test("a hidden page makes no calls, and is up to date again when it is shown", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1_000 } });
  const source = await stack.upload("inbox/film.mp4", Buffer.alloc(1_000_000));
  await stack.start({ source: source.url, destination: stack.blob("archive/film.mp4").url });
  const { page, row, rows, calls, advance, idle } = await openDashboard(stack);
  await expectCount(rows(), 1);
  const show = (isHidden: boolean) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, isHidden);
  await show(true);
  await idle();
  const before = calls.length;
  await stack.clock.advance(3_600_000);
  await page.clock.runFor(3_600_000);
  await idle();
  expect(calls).toHaveLength(before);
  await expectText(page.getByRole("banner"), "Paused");
  await show(false);
  await advance(4_000);
  await expectText(row("film.mp4"), "Succeeded");
  expect(calls.length).toBeGreaterThan(before);
});

test("only visible running copies are read, and not before the time that the app gives", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 1_000 } });
  const source = await stack.upload("inbox/film.mp4", Buffer.alloc(100_000_000));
  const ids: string[] = [];
  for (let index = 0; index < 30; index++) {
    const destination = stack.blob(`archive/${index}.mp4`).url;
    const { id } = await stack.start({ source: source.url, destination });
    ids.push(id);
  }
  const { page, calls, advance } = await openDashboard(stack);
  await page.getByText("30 copies loaded").waitFor();
  await stack.clock.advance(3 * 3_600_000); // Ferry polls rarely now
  await page.clock.runFor(60_000);
  await advance(70_000);
  const before = calls.length;
  await advance(120_000);
  const made = calls.slice(before);
  const seen = await page.locator(".scroller").evaluate((element) => element.clientHeight / 56);
  const reads = made.filter((call) => /\/copies\/[\w-]+$/.test(call));
  expect(new Set(reads).size).toBeLessThanOrEqual(Math.ceil(seen) + 1);
  // Retry-After is 60 seconds then, and so is the pause between two lists.
  expect(reads.length).toBeLessThanOrEqual(new Set(reads).size * 3);
  expect(made.length - reads.length).toBeLessThanOrEqual(4);
});
