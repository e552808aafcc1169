import type { Mutant } from "../mutant.ts";

const settings = "test/unit/settings/secret-settings.test.ts";
const prefer = "test/unit/prefer.test.ts";
const urls = "test/unit/copy/location/written-urls.test.ts";
const events = "test/unit/copy/routing/storage-event.test.ts";
const order = "test/contract/triggers/route-handler.test.ts";
const lists = "test/unit/list-query.test.ts";

/** Mistakes in the quotes in problems, and in inputs that must not be accepted. */
export const quoteMutants: readonly Mutant[] = [
  {
    breaks: "a problem of any setting quotes every value",
    file: "src/copy/location/characters.ts",
    find: "return /^[\\w-]{1,64}$/.test(text);",
    replace: 'return text !== "";',
    suites: [settings],
  },
  {
    breaks: "a problem of the event queue quotes a connection string",
    file: "src/settings/event-queue.ts",
    find: "const quoted = quotedName(value);",
    replace: "const quoted = quotedName(value) ?? value;",
    suites: [settings],
  },
  {
    breaks: "a problem of COPY_AUTH quotes a connection string",
    file: "src/settings/settings.ts",
    find: "const quoted = quotedName(value);",
    replace: "const quoted = quotedName(value) ?? value;",
    suites: [settings],
  },
  {
    breaks: 'a problem quotes every unknown word of "allow"',
    file: "src/copy/request/grants.ts",
    find: 'quotedName(text) ?? "a word"',
    replace: "quotedName(text) ?? text",
    suites: [settings],
  },
  {
    breaks: "a problem quotes every variable of a route's template",
    file: "src/copy/routing/route-template.ts",
    find: 'quotedName(name) === null ? "a variable"',
    replace: 'quotedName(name) === name ? "a variable"',
    suites: [settings],
  },
  {
    breaks: "a problem quotes every field of a route",
    file: "src/copy/routing/routes.ts",
    find: "at(`${field}.${shownName(key)}`",
    replace: "at(`${field}.${shownName(key) && key}`",
    suites: [settings],
  },
  {
    breaks: "a problem quotes every name that two routes have",
    file: "src/copy/routing/routes.ts",
    find: 'quotedName(name) ?? "the same"',
    replace: "quotedName(name) ?? name",
    suites: [settings],
  },
  {
    breaks: "a cycle of routes quotes every prefix",
    file: "src/copy/routing/route-cycles.ts",
    find: '.test(start) ? start : ""',
    replace: '.test(start) ? "" : start',
    suites: [settings],
  },
  {
    breaks: "a header Prefer of any length is read",
    file: "src/http/prefer.ts",
    find: "prefer.length > maxLength",
    replace: "prefer.length > maxLength * 1e6",
    suites: [prefer],
  },
  {
    breaks: "a quote without an end is read again from every quote",
    file: "src/http/prefer.ts",
    find: '|\\\\.)*"?|',
    replace: '|\\\\.)*"|',
    suites: [prefer],
  },
  {
    breaks: "a request is held before its caller has signed in",
    file: "src/triggers/http/route-handler.ts",
    find: "revalidate(needsSignIn ? requireSignIn(held, principals) : held)",
    replace:
      "revalidate(needsSignIn ? hold(requireSignIn(respondInTime(handler), principals)) : held)",
    suites: [order],
  },
  {
    breaks: 'a "?" with separators alone is read as the end of a URL',
    file: "src/copy/location/written-url.ts",
    find: "/^&*$/.test(query)",
    replace: "/^$/.test(query)",
    suites: [urls],
  },
  {
    breaks: "an event has an ETag that no input may have",
    file: "src/copy/routing/storage-event.ts",
    find: "eTag: etagShape",
    replace: "eTag: etagShape.or(z.string().max(256))",
    suites: [events],
  },
  {
    breaks: "a filter contains a signature that is encoded or pasted with another separator",
    file: "src/http/list-query.ts",
    find: "return hasSignature(prefix) ?",
    replace: "return hasSignature(prefix) && /[?&]sig=/i.test(prefix) ?",
    suites: [lists],
  },
];
