import { expect, test } from "vitest";
import { startStack } from "../support/stack/test-stack.ts";
import { expectCount, expectText, openDashboard } from "./support/dashboard.ts";

/*
 * Any client that can upload a blob chooses its name. The real app copies each name, and the page must show it as it
 * is: no name becomes markup, changes the text around it, or looks like another one.
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

test("the browser turns no text into markup, and runs no script that is not the page's", async () => {
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

  // Only the page's own elements.
  const tags = await page
    .locator(".file *")
    .evaluateAll((elements) => [...new Set(elements.map(({ localName }) => localName))]);
  expect(tags.toSorted()).toEqual(["bdi", "mark", "span"]);

  // Each part stands to the right of the previous one, in the order of the characters.
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

/** An invisible character, and one that changes the order of the text after it. */
const tail = "\u202e\u034f\u3164\u{e0001}";

/** The values with which the page compares or counts: identifiers, times and words of a fixed set. */
const isExempt = (name: string, value: string) =>
  /^(id|status|kind|step|source|retryOf|pointer|type|self|nextCursor)$/.test(name) ||
  /^\d{4}-\d\d-\d\dT/.test(value);

/** Appends the characters to every text of a response. */
function withTails(value: unknown, name = ""): unknown {
  if (typeof value === "string") return isExempt(name, value) ? value : value + tail;
  if (Array.isArray(value)) return value.map((each) => withTails(each, name));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, withTails(each, key)]),
  );
}

test("no text in any field of a response can affect the page", async () => {
  const stack = await startStack({ copies: { bytesPerSecond: 10_000 } });
  await stack.upload("inbox/film.mp4", Buffer.alloc(1_000_000));
  const start = (from: string, to: string) =>
    stack.start({ source: stack.blob(from).url, destination: stack.blob(to).url });
  const { id } = await start("inbox/gone.mp4", "archive/gone.mp4");
  // This copy fails, too, and stays in the list when the first one is deleted.
  const other = await start("inbox/lost.mp4", "archive/lost.mp4");
  for (const failed of [id, other.id]) await stack.untilEnded(failed);
  await start("inbox/film.mp4", "archive/film.mp4");
  await stack.clock.advance(30_000);
  const dashboard = await openDashboard(stack, {
    prepare: (page) =>
      page.route(/\/api\/copies/, async (route) => {
        const response = await route.fetch();
        const text = await response.text();
        // A response that the page no longer waits for can be empty.
        const body = text === "" ? text : JSON.stringify(withTails(JSON.parse(text)));
        await route.fulfill({ response, body });
      }),
  });
  const { page, button, row, rows } = dashboard;
  const shown = new Set<string>();
  const check = async (view: string) => {
    const texts = await page.evaluate(() => [
      document.body.innerText,
      document.title,
      ...[...document.querySelectorAll("*")].flatMap((element) =>
        ["aria-label", "aria-valuetext", "title", "placeholder"].map(
          (name) => element.getAttribute(name) ?? "",
        ),
      ),
    ]);
    for (const text of texts) expect(text, view).not.toMatch(/\u202e|\u034f|\u3164|\u{e0001}/u);
    if (texts.join().includes("\\u202e")) shown.add(view);
  };
  await expectCount(rows(), 3);
  await check("list");
  for (const name of ["film.mp4", "gone.mp4"]) {
    await row(name).click();
    await expectText(page.locator(".timeline"), "Requested");
    await check(`details of ${name}`);
  }
  await button("Retry…").click();
  await check("question");
  dashboard.expectErrors("status of 404", "status of 400");
  await stack.call("DELETE", `/copies/${id}`);
  await button("Retry this copy").click();
  await page.locator(".problems li").waitFor();
  await check("failed action");
  await page.keyboard.press("Escape");
  await page.getByRole("checkbox", { name: "Failures by cause" }).check();
  await expectText(page.getByRole("article"), /Fix/);
  await check("causes");
  await page.getByLabel("Source begins with").fill(`x${tail}`);
  await page.getByRole("alert").waitFor();
  await check("filter");
  await button("New copy").click();
  const form = page.getByRole("dialog", { name: "New copy" });
  await form.getByLabel("Source", { exact: true }).fill(`x${tail}`);
  await button("Start the copy").click();
  await form.getByRole("alert").waitFor();
  await check("form");
  await form.getByLabel("Source", { exact: true }).fill(stack.blob("inbox/film.mp4").url);
  await form.getByLabel("Destination", { exact: true }).fill(stack.blob("archive/2.mp4").url);
  await button("Dry run").click();
  await form.getByLabel("Plan").waitFor();
  await check("plan");
  expect([...shown].toSorted()).toEqual(
    [
      "causes",
      "details of film.mp4",
      "details of gone.mp4",
      "failed action",
      "filter",
      "form",
      "list",
      "plan",
      "question",
    ].toSorted(),
  );
});
