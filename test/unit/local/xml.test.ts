import { expect, test } from "vitest";
import {
  childElements,
  childText,
  element,
  parseXml,
  renderXml,
} from "../../../src/local/storage/http/xml.ts";

test("XML preserves text, spaces and the order of elements", () => {
  const texts = [" blanks ", `&amp; & < > " '`, "line\r\nbreak\rreturn", "ünï", ""];
  const document = element(
    "List",
    texts.map((text, index) => element(index % 2 === 0 ? "Even" : "Odd", text)),
  );
  const xml = renderXml(document);
  expect(xml).toMatch(
    /^\ufeff<\?xml version="1.0" encoding="utf-8"\?><List><Even> blanks <\/Even>/,
  );
  const parsed = parseXml(xml.replaceAll("&#13;", "CR"));
  expect(parsed && childElements(parsed).map(({ name, content }) => [name, content])).toEqual(
    texts.map((text, index) => [index % 2 === 0 ? "Even" : "Odd", text.replaceAll("\r", "CR")]),
  );
});

test("attributes are escaped, and an empty element becomes one tag", () => {
  const xml = renderXml(element("Name", "", { Encoded: "true", Quoted: `"<&` }));
  expect(xml.endsWith(`<Name Encoded="true" Quoted="&quot;&lt;&amp;"/>`)).toBe(true);
});

test("the text of a child element is read whether it is escaped or CDATA", () => {
  const parsed = parseXml(`\ufeff<?xml version="1.0"?>
    <Tag a="1"><Key>a&lt;b</Key><Value><![CDATA[x&y]]></Value><None/></Tag>
  `);
  expect(parsed?.name).toBe("Tag");
  expect(
    ["Key", "Value", "None", "Other"].map((name) => parsed && childText(parsed, name)),
  ).toEqual(["a<b", "x&y", "", undefined]);
});

test.each(["", "text", "<A>", "<A><B></A>", "<A/><B/>", "<A><__proto__/></A>"])(
  "text that is not one well-formed element is rejected: %s",
  (xml) => {
    expect(parseXml(xml)).toBeUndefined();
  },
);
