import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import type { Browser, BrowserContextOptions, Locator, Page, Request } from "playwright-core";
import { expect, inject, onTestFinished } from "vitest";
import type { TestStack } from "../../support/stack/test-stack.ts";

/** The dashboard in a browser, on the clock of a test stack. */
export type Dashboard = {
  page: Page;
  /** Each call of the API by the page: its method, and its path with the query. */
  calls: string[];
  /** Moves both clocks, a few seconds at a time, and waits until the page is idle. */
  advance(ms: number): Promise<void>;
  /** Waits until no request is in flight. */
  idle(): Promise<void>;
  rows(): Locator;
  /** The row of the copy with this text in one of its names. */
  row(text: string): Locator;
  button(name: string | RegExp): Locator;
  screenshot(name: string): Promise<void>;
  /** Errors of the console that the test expects, as texts that they contain. */
  expectErrors(...texts: string[]): void;
};

type Options = {
  context?: BrowserContextOptions;
  /** Prepares the page before it is loaded. */
  prepare?(page: Page): Promise<unknown>;
  /** The browser's own clock, for measurements. */
  realTime?: boolean;
};

const screenshots = join(import.meta.dirname, "../../../dist/screenshots");

/** Long enough for a busy machine; no result depends on it. */
const maxWaitMs = 60_000;
const maxStepMs = 4_000;

let browser: Promise<Browser> | null = null;

/**
 * Opens the dashboard of a stack in a new context, which is closed after the test. The test fails if the page has
 * written an error to its console, has thrown one, or has violated its Content Security Policy.
 */
export async function openDashboard(
  stack: TestStack,
  { context: contextOptions = {}, prepare = async () => {}, realTime = false }: Options = {},
): Promise<Dashboard> {
  browser ??= chromium.connect(inject("browser"));
  const context = await (
    await browser
  ).newContext({
    viewport: { width: 1_360, height: 800 },
    locale: "en-US",
    timezoneId: "UTC",
    ...contextOptions,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(maxWaitMs);
  const errors: string[] = [];
  const expected: string[] = [];
  const calls: string[] = [];
  const inFlight = new Set<Request>();
  page.on("console", (line) => {
    if (line.type() === "error" || line.type() === "warning") errors.push(line.text());
  });
  page.on("pageerror", (error) => errors.push(error.stack ?? error.message));
  page.on("dialog", (dialog) => {
    errors.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    inFlight.add(request);
    const { pathname, search } = new URL(request.url());
    if (request.resourceType() === "fetch") calls.push(`${request.method()} ${pathname}${search}`);
  });
  page.on("requestfinished", (request) => inFlight.delete(request));
  page.on("requestfailed", (request) => inFlight.delete(request));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
      console.error(`Content Security Policy: ${violatedDirective} ${blockedURI}`),
    );
  });
  if (!realTime) await page.clock.install({ time: stack.clock.now() });
  await prepare(page);
  await page.goto(`${stack.local.host.url}/api/dashboard`);
  onTestFinished(async () => {
    await context.close();
    const unexpected = errors.filter((error) => !expected.some((text) => error.includes(text)));
    expect(unexpected).toEqual([]);
  });

  const idle = async () => {
    for (let quiet = 0; quiet < 2; quiet = inFlight.size === 0 ? quiet + 1 : 0) {
      await stack.clock.settled();
      // A round trip to the page, in which it handles the responses that have arrived.
      await page.evaluate(() => Promise.resolve());
    }
  };
  return {
    page,
    calls,
    idle,
    async advance(ms) {
      for (let left = ms; left > 0; left -= maxStepMs) {
        const step = Math.min(maxStepMs, left);
        await stack.clock.advance(step);
        await page.clock.runFor(step);
        await idle();
      }
    },
    rows: () => page.locator("[data-id]"),
    row: (text) => page.locator("[data-id]").filter({ hasText: text }),
    button: (name) => page.getByRole("button", { name }),
    async screenshot(name) {
      mkdirSync(screenshots, { recursive: true });
      await page.screenshot({ path: join(screenshots, `${name}.png`) });
    },
    expectErrors: (...texts) => expected.push(...texts),
  };
}

/** Waits until the text of the locator contains this text. */
export async function expectText(locator: Locator, text: string | RegExp): Promise<void> {
  const read = async () => (await locator.textContent()) ?? "";
  await expect.poll(read, { timeout: maxWaitMs }).toMatch(text);
}

/** Waits until the locator has this number of elements. */
export async function expectCount(locator: Locator, count: number): Promise<void> {
  await expect.poll(() => locator.count(), { timeout: maxWaitMs }).toBe(count);
}
