import { expect, test } from "vitest";
import { startStack } from "../support/stack/test-stack.ts";
import { expectCount, expectText, openDashboard } from "./support/dashboard.ts";

/* Everything works without a mouse, and the focus is always where a reader expects it. */

test("the arrow keys move through the list, Enter opens a copy, and Escape returns to it", async () => {
  const stack = await startStack();
  await stack.upload("inbox/film.mp4", "film");
  for (let index = 10; index < 50; index++) {
    await stack.clock.advance(1_000);
    const destination = stack.blob(`archive/${index}.mp4`).url;
    await stack.start({ source: stack.blob("inbox/film.mp4").url, destination });
  }
  await stack.clock.advance(60_000);
  const { page, row, advance } = await openDashboard(stack);
  await row("archive/49.mp4").waitFor();
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");
  const press = async (...keys: string[]) => {
    for (const key of keys) {
      await page.keyboard.press(key);
      await advance(100);
    }
  };
  await page.getByLabel("Destination begins with").focus();
  await press("Tab");
  expect(await focused()).toContain("archive/49.mp4");
  await press("ArrowDown", "ArrowDown", "ArrowUp");
  expect(await focused()).toContain("archive/48.mp4");
  await press("End");
  expect(await focused()).toContain("archive/10.mp4");
  await press("PageUp");
  expect(await focused()).not.toContain("archive/10.mp4");
  await press("Home");
  expect(await focused()).toContain("archive/49.mp4");
  expect(await page.locator('[role="row"][tabindex="0"]').count()).toBe(1);

  await press("ArrowDown", "Enter");
  const details = page.getByLabel("Details of the copy");
  await expectText(details, "48.mp4");
  expect(await focused()).toBe("48.mp4");
  await press("Escape");
  await expectCount(details, 0);
  expect(await focused()).toContain("archive/48.mp4");
});

test("a dialog keeps the focus, closes with Escape, and then returns the focus", async () => {
  const stack = await startStack();
  const { page, button, advance } = await openDashboard(stack);
  await button("New copy").focus();
  await page.keyboard.press("Enter");
  const form = page.getByRole("dialog", { name: "New copy" });
  await form.waitFor();
  for (let index = 0; index < 15; index++) {
    await page.keyboard.press("Tab");
    const isOutside = await form.evaluate(
      (dialog) =>
        document.activeElement !== document.body && !dialog.contains(document.activeElement),
    );
    expect(isOutside).toBe(false);
  }
  await page.keyboard.press("Escape");
  await advance(100);
  await expectCount(form, 0);
  expect(await button("New copy").evaluate((each) => each === document.activeElement)).toBe(true);
});
