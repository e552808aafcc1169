import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";

/** An XML element with plain, unescaped text. An element with child elements has no text. */
export type Element = {
  name: string;
  attributes?: Readonly<Record<string, string>>;
  content: string | readonly Element[];
};

export function element(
  name: string,
  content: Element["content"],
  attributes: Readonly<Record<string, string>> = {},
): Element {
  return { name, content, attributes };
}

/** One element per defined value, in the given order. */
export function elements(values: Readonly<Record<string, string | undefined>>): Element[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [element(name, value)],
  );
}

/** A complete document with its declaration. It begins with a byte order mark, as in recordings of the service. */
export function renderXml(root: Element): string {
  const xml: string = builder.build([declaration, toNode(root)]);
  return byteOrderMark + xml.replaceAll("\r", "&#13;"); // a parser turns a bare carriage return into a line feed
}

/** The document's root element, or undefined if the text is not well-formed. Keeps spaces in text. */
export function parseXml(xml: string): Element | undefined {
  if (XMLValidator.validate(xml) !== true) return undefined;
  let nodes: Node[];
  try {
    nodes = parser.parse(xml);
  } catch {
    return undefined; // also for a name such as __proto__
  }
  const [root, ...others] = nodes.filter(isElement);
  return root === undefined || others.length > 0 ? undefined : toElement(root);
}

export function childElements({ content }: Element): readonly Element[] {
  return typeof content === "string" ? [] : content;
}

/** Text of the first child with this name: undefined if there is none, empty if it has child elements. */
export function childText(parent: Element, name: string): string | undefined {
  const child = childElements(parent).find((each) => each.name === name);
  return typeof child?.content === "object" ? "" : child?.content;
}

const byteOrderMark = "\ufeff";

/** True for text with a character that XML 1.0 (section 2.2, Char) cannot represent, even escaped. */
export function isUnwritable(text: string): boolean {
  return unwritable.test(text);
}

// oxlint-disable-next-line no-control-regex -- the pattern must match exactly these characters
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** The library's form of an element in document order: `{ name: children, ":@": attributes }`. */
type Node = Record<string, unknown>;
const text = "#text";
const attributes = ":@";

const ordered = { preserveOrder: true, attributeNamePrefix: "", textNodeName: text };
const builder = new XMLBuilder({
  ...ordered,
  ignoreAttributes: false,
  suppressEmptyNode: true,
  suppressBooleanAttributes: false,
});
const parser = new XMLParser({
  ...ordered,
  ignoreAttributes: true, // no request document has any that matter
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  trimValues: false,
});
const declaration: Node = { "?xml": [], [attributes]: { version: "1.0", encoding: "utf-8" } };

function toNode({ name, attributes: values = {}, content }: Element): Node {
  const children = typeof content === "string" ? [{ [text]: content }] : content.map(toNode);
  return { [name]: children, [attributes]: values };
}

function toElement(node: Node): Element {
  const [name = ""] = Object.keys(node);
  const children = node[name] as Node[]; // by the library's form of an element
  const inner = children.filter(isElement);
  return element(
    name,
    inner.length > 0 ? inner.map(toElement) : children.map((child) => child[text]).join(""),
  );
}

function isElement(node: Node): boolean {
  return !(text in node);
}
