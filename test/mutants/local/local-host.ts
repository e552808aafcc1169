import type { Mutant } from "../mutant.ts";

const foreign = "test/contract/host/foreign-requests.test.ts";
const hostBodies = "test/contract/host/json-bodies.test.ts";
const pages = "test/e2e/access/web-pages.test.ts";
const http = "test/e2e/requests/http-semantics.test.ts";
const localStack = "test/e2e/requests/local-stack.test.ts";

const guard = "src/local/host/http/foreign-requests.ts";
const bodies = "src/triggers/http/read-json.ts";
const router = "src/triggers/http/method-router.ts";

/** Mistakes in the requests that the local host rejects, and in how the API treats bodies, HEAD and OPTIONS. */
export const localHostMutants: readonly Mutant[] = [
  {
    breaks: "the local host serves a foreign Host",
    file: guard,
    find: "if (isIn(names, name) &&",
    replace: "if (name !== undefined &&",
    suites: [foreign],
  },
  {
    breaks: "the local host serves a foreign name in the target's absolute form",
    file: guard,
    find: "isIn(names, url.hostname)",
    replace: 'url.hostname !== ""',
    suites: [foreign],
  },
  {
    breaks: "the local host compares only the end of Host names",
    file: guard,
    find: "return name !== undefined && names.has(name);",
    replace: "return [...names].some((each) => name?.endsWith(each));",
    suites: [foreign],
  },
  {
    breaks: "the local host serves a page of a foreign origin",
    file: guard,
    find: "if (origin !== undefined && !isOriginOf(origin, names)) {",
    replace: 'if (origin === "" && !isOriginOf(origin, names)) {',
    suites: [foreign],
  },
  {
    breaks: "the local host serves an origin of any scheme",
    file: guard,
    find: "if (!/^https?:\\/\\//.test(origin) || !URL.canParse(origin)) return false;",
    replace: "if (!URL.canParse(origin)) return false;",
    suites: [foreign],
  },
  {
    breaks: "the local host serves a page of another site",
    file: guard,
    find: "/cross-site/i.test",
    replace: "/no-site/i.test",
    suites: [foreign],
  },
  {
    breaks: "the local host accepts a URL as a name of this machine",
    file: guard,
    find: "nameOrAddress.test(text) ?",
    replace: 'nameOrAddress.test(text) || text !== "" ?',
    suites: [foreign],
  },
  {
    breaks: "the local host checks only the Host",
    file: "src/local/host/host.ts",
    find: "refuseForeignHost(request, names) ?? refuseForeignPage(headers, names)",
    replace: "refuseForeignHost(request, names) ?? refuseForeignPage({}, names)",
    suites: [foreign],
  },
  {
    breaks: "the app calls the local host by a name",
    file: "src/local/host/host.ts",
    find: "const url = `http://127.0.0.1:",
    replace: "const url = `http://localhost:",
    suites: [foreign],
  },
  {
    breaks: "the durable library calls the local host by a name",
    file: "src/local/host/host.ts",
    find: "WEBSITE_HOSTNAME: `127.0.0.1:",
    replace: "WEBSITE_HOSTNAME: `localhost:",
    suites: [foreign],
  },
  {
    breaks: "the host's own routes accept a body without a type",
    file: "src/local/host/http/json-bodies.ts",
    find: "if (body.length === 0 ||",
    replace: 'if (body.length === 0 || type === "" ||',
    suites: [hostBodies],
  },
  {
    breaks: "admin routes accept a body of any type",
    file: "src/local/host/triggers/triggers.ts",
    find: "refuseBodyType(request, jsonTypes.admin) ??",
    replace: "",
    suites: [hostBodies],
  },
  {
    breaks: "the event webhook accepts a body of any type",
    file: "src/local/host/triggers/triggers.ts",
    find: "const response = refused ?? (await receiveEvents(events, request));",
    replace: "const response = (await receiveEvents(events, request)) ?? refused;",
    suites: [hostBodies],
  },
  {
    breaks: "durable management routes accept a body of any type",
    file: "src/local/host/triggers/triggers.ts",
    find: "const refused = isEvent ?",
    replace: 'const refused = isEvent || path !== "" ?',
    suites: [hostBodies],
  },
  {
    breaks: "the emulator serves a foreign Host",
    file: "src/local/local-stack.ts",
    find: "refuseForeignHost({ ...absoluteUrl(target), headers }, names) ??",
    replace: "refuseForeignHost({ headers }, new Set()) === undefined ? undefined :",
    suites: [pages],
  },
  {
    breaks: "the emulator lets a page of another origin write",
    file: "src/local/local-stack.ts",
    find: ": refuseForeignPage(headers, names)),",
    replace: ": undefined),",
    suites: [pages],
  },
  {
    breaks: "an older folder with state stays open to others",
    file: "src/local/state/state-folder.ts",
    find: "& 0o077) !== 0)",
    replace: "& 0o007) !== 0)",
    suites: [localStack],
  },
  {
    breaks: "the parent folders of the state are created open to others",
    file: "src/local/state/state-folder.ts",
    find: "recursive: true, mode: ownerOnly }",
    replace: "recursive: true }",
    suites: [localStack],
  },
  {
    breaks: "the API accepts a body without a type",
    file: bodies,
    find: 'if (type !== "application/json") {',
    replace: 'if (type !== undefined && type !== "application/json") {',
    suites: [pages],
  },
  {
    breaks: "the API accepts a body of any JSON type",
    file: bodies,
    find: 'if (type !== "application/json") {',
    replace: "if (!/^application\\/(.+\\+)?json$/.test(type ?? '')) {",
    suites: [http],
  },
  {
    breaks: "a compressed body is read without decompression",
    file: bodies,
    find: 'if (coding === "" || coding === "identity") return null;',
    replace: 'if (coding !== "unknown") return null;',
    suites: [http],
  },
  {
    breaks: "a body that the host lost is reported as empty",
    file: bodies,
    find: 'headers.has("transfer-encoding")',
    replace: 'headers.has("te")',
    suites: [http],
  },
  {
    breaks: "an abort accepts a body of any type",
    file: bodies,
    find: "if (bytes.byteLength === 0) return null;",
    replace: "if (bytes.byteLength >= 0) return null;",
    suites: [http],
  },
  {
    breaks: "HEAD is not allowed where GET is",
    file: router,
    find: "{ ...handlers, HEAD: GET }",
    replace: "{ ...handlers, GET }",
    suites: [http],
  },
  {
    breaks: "OPTIONS gets no response",
    file: router,
    find: 'request.method === "OPTIONS"',
    replace: 'request.method === "OPTION"',
    suites: [http],
  },
  {
    breaks: "the local host does not respond to the handshake of cloud events",
    file: "src/local/host/triggers/event-grid.ts",
    find: '"Webhook-Allowed-Origin": "eventgrid.azure.net"',
    replace: "",
    suites: ["test/e2e/events/webhook.test.ts"],
  },
];
