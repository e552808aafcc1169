/** An XML element: its name, attributes and content. Text is escaped when it is rendered. */
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

/** One element per defined value, in the order given. */
export function elements(values: Readonly<Record<string, string | undefined>>): Element[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [element(name, value)],
  );
}

/** A whole document. */
export function renderXml(root: Element): string {
  return `<?xml version="1.0" encoding="utf-8"?>${render(root)}`;
}

function render({ name, attributes = {}, content }: Element): string {
  const start = Object.entries(attributes).reduce(
    (tag, [attribute, value]) => `${tag} ${attribute}="${escapeXml(value)}"`,
    name,
  );
  const inner = typeof content === "string" ? escapeXml(content) : content.map(render).join("");
  return inner === "" ? `<${start} />` : `<${start}>${inner}</${name}>`;
}

/** True where XML 1.0 (section 2.2, Char) has no way to write the text, even escaped. */
export function isUnwritable(text: string): boolean {
  return unwritable.test(text);
}

// oxlint-disable-next-line no-control-regex -- these very characters are looked for
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

function escapeXml(text: string): string {
  return text.replace(/[&<>"\r]/g, (character) => entities[character] ?? character);
}

export function unescapeXml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => characters[name] ?? "");
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;", // written plainly, a reader would turn it into a line feed
};
const characters: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
