import { expect, test } from "vitest";
import { startStack } from "../support/stack/test-stack.ts";
import { expectCount, expectText, openDashboard } from "./support/dashboard.ts";

/*
 * Whoever can upload a blob chooses its name. Each name is copied by the real app, and must be shown as it is: no name
 * becomes markup, changes what is around it, or looks like another one.
 */

/** A name, and what the page shows. `[…]`: characters with a mark, because they look like others. */
const names: [name: string, shown: string][] = [
  ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
  ["<script>alert(1)<.script>", "<script>alert(1)<.script>"],
  ['"><svg onload=alert(1)>', '"><svg onload=alert(1)>'],
  ["javascript:alert(1)", "javascript:alert(1)"],
  ["&lt;b&gt;&amp;", "&lt;b&gt;&amp;"],
  ["{{7*7}}${7*7}<%= 7 %>", "{{7*7}}${7*7}<%= 7 %>"],
  ["__proto__", "__proto__"],
  ["100%25.txt", "100%25.txt"],
  ["%41.txt", "%41.txt"],
  ["A.txt", "A.txt"],
  ["photo\u202egpj.exe", "photo\\u202egpj.exe"],
  ["\u2067invoice\u2069.pdf", "\\u2067invoice\\u2069.pdf"],
  ["invoice.pdf", "invoice.pdf"],
  ["invoice\u200b.pdf", "invoice\\u200b.pdf"],
  ["in\u00advoice.pdf", "in\\u00advoice.pdf"],
  ["\ufeffinvoice.pdf", "\\ufeffinvoice.pdf"],
  ["invoice\u00a0.pdf", "invoice\\u00a0.pdf"],
  ["invoice .pdf", "invoice .pdf"],
  ["invoice  .pdf", "invoice \\u0020.pdf"],
  ["invoice.pdf ", "invoice.pdf\\u0020"],
  ["\u0456nvoice.pdf", "[\u0456]nvoice.pdf"],
  ["\u0441\u043e\u0440\u0443", "[\u0441\u043e\u0440\u0443]"],
  ["\u043f\u0440\u0438\u0432\u0435\u0442.txt", "\u043f\u0440\u0438\u0432\u0435\u0442.txt"],
  ["\uff49nvoice.pdf", "[\uff49]nvoice.pdf"],
  ["caf\u00e9.txt", "caf\u00e9.txt"],
  ["cafe\u0301.txt", "cafe\\u0301.txt"],
  ["\u05e9\u05dc\u05d5\u05dd 123.txt", "\u05e9\u05dc\u05d5\u05dd 123.txt"],
  ["a\u2215b.txt", "a\\u2215b.txt"],
  ["tag\u{e0041}\ufe0f.txt", "tag\\u{e0041}\\ufe0f.txt"],
  ["line\u2028break\u0085.txt", "line\\u2028break\\u0085.txt"],
  ["\u3164\u2800.txt", "\\u3164\\u2800.txt"],
  ["😀 \u65e5\u672c\u8a9e.txt", "😀 \u65e5\u672c\u8a9e.txt"],
  ["z\u0351\u0352\u0353\u0354algo.txt", "z\\u0351\\u0352\\u0353\\u0354algo.txt"],
  ["n".repeat(900), "n".repeat(900)],
];

test("the browser itself turns no text into markup, and runs no script that the page does not have", async () => {
  const stack = await startStack();
  const dashboard = await openDashboard(stack);
  const { page } = dashboard;
  dashboard.expectErrors("Content Security Policy", "TrustedHTML", "TrustedScript");
  const attempts = await page.evaluate(() => {
    const attempt = (act: () => unknown) => {
      try {
        act();
        return "done";
      } catch (error) {
        return error instanceof Error ? error.name : "error";
      }
    };
    const image = document.createElement("img");
    image.src = "https://evil.example/pixel";
    document.body.append(image);
    return [
      attempt(() => (document.body.innerHTML += "<b>x</b>")),
      attempt(() => document.body.insertAdjacentHTML("beforeend", "<b>x</b>")),
      attempt(() => (document.createElement("script").textContent = "1")),
    ];
  });
  expect(attempts).toEqual(["TypeError", "TypeError", "TypeError"]);
  const isSent = await page.evaluate(() =>
    fetch("https://evil.example/").then(
      () => true,
      () => false,
    ),
  );
  expect(isSent).toBe(false);
});

test("34 hostile names are shown as they are, and no two look the same", async () => {
  const stack = await startStack({ copies: { finishOnStart: "always" } });
  const ids: string[] = [];
  for (const [name] of names) {
    await stack.clock.advance(1_000);
    const source = await stack.upload(`inbox/${name}`, "x");
    const destination = stack.blob(`archive/${name}`).url;
    ids.push((await stack.start({ source: source.url, destination })).id);
  }
  await stack.clock.advance(60_000);
  const dashboard = await openDashboard(stack, {
    context: { viewport: { width: 1_360, height: 2_400 } },
  });
  const { page, rows, advance } = dashboard;
  await expectCount(rows(), names.length);
  await advance(1_000);
  await dashboard.screenshot("hostile-names");

  const read = (selector: string) =>
    page.locator(selector).evaluateAll((elements) =>
      elements.map((element) => {
        const shown = element.cloneNode(true);
        if (!(shown instanceof HTMLElement)) return "";
        for (const mark of shown.querySelectorAll("mark")) {
          mark.textContent = `[${mark.textContent}]`;
        }
        return shown.textContent;
      }),
    );
  const newestFirst = names.toReversed();
  expect(await read(".row .to .file")).toEqual(newestFirst.map(([, shown]) => shown));
  expect(await read(".row .line:not(.to) .file")).toEqual(newestFirst.map(([, shown]) => shown));
  expect(new Set(newestFirst.map(([, shown]) => shown)).size).toBe(names.length);

  // Nothing but the page's own elements.
  const tags = await page
    .locator(".file *")
    .evaluateAll((elements) => [...new Set(elements.map(({ localName }) => localName))]);
  expect(tags.toSorted()).toEqual(["bdi", "mark", "span"]);

  // Each part stands to the right of the one before, in the order of the characters.
  const misplaced = await page.locator(".row .to .file > bdi").evaluateAll((elements) =>
    elements.flatMap((element) => {
      const lefts = [...element.childNodes].map((node) => {
        const range = document.createRange();
        range.selectNodeContents(node);
        return range.getBoundingClientRect().left;
      });
      return lefts.some((left, index) => left < (lefts[index - 1] ?? left))
        ? [element.outerHTML]
        : [];
    }),
  );
  expect(misplaced).toEqual([]);

  for (const [index, [, shown]] of names.entries()) {
    await page.locator(`[data-id="${ids[index]}"]`).click();
    await expectText(page.locator(".details h2"), shown.replaceAll(/[[\]]/g, ""));
    const inDetails = (await read(".details dd .file")).at(-1);
    expect(inDetails).toBe(shown);
  }
  // Labels and messages are texts without marks: they have codes instead.
  const labels = await page
    .locator("[aria-label], [title]")
    .evaluateAll((elements) =>
      elements.flatMap((each) => [each.getAttribute("aria-label"), each.getAttribute("title")]),
    );
  const unsafe = /[\u0080-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\u0441\u043e]/;
  expect(labels.filter((label) => label !== null && unsafe.test(label))).toEqual([]);
});
