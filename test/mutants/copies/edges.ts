import type { Mutant } from "../mutant.ts";

const ownAccount = "test/unit/settings/own-account.test.ts";
const settings = "test/unit/settings/settings.test.ts";
const pages = "test/e2e/access/web-pages.test.ts";
const queries = "test/contract/emulator/clients/odd-queries.test.ts";
const folders = "test/unit/copy/location/external-folders.test.ts";
const folded = "test/unit/copy/location/folded-names.test.ts";
const marker = "test/unit/copy/decisions/rollback-marker.test.ts";
const pairs = "test/unit/copy/request/usable-pairs.test.ts";
const busy = "test/e2e/copies/busy.test.ts";
const events = "test/unit/copy/routing/storage-event.test.ts";

const account = "src/settings/own-account.ts";
const external = "src/copy/location/external-path.ts";
const sender = "src/local/storage/server/send-response.ts";
const policy = "src/copy/request/access-policy.ts";

/** Mistakes in the checks of settings, requests, paths and pages that are written in an unusual way. */
export const edgeMutants: readonly Mutant[] = [
  {
    breaks: "the app's own account is the first label of its host",
    file: account,
    find: 'return isOwn && pathname === "/" ? host.account : null;',
    replace: 'return isOwn && pathname === "/" ? (hostname.split(".")[0] ?? null) : null;',
    suites: [ownAccount],
  },
  {
    breaks: "the app's own account is read from any host of Storage",
    file: account,
    find: 'host.kind === "account" && host.service === "blob" && !host.secondary',
    replace: 'host.account !== ""',
    suites: [ownAccount],
  },
  {
    breaks: "the app's own account keeps its capitals",
    file: account,
    find: ": { ok: true, account: name.toLowerCase() };",
    replace: ": { ok: true, account: name };",
    suites: [ownAccount],
  },
  {
    breaks: "a custom domain counts as an emulator",
    file: account,
    find: 'isAddress || (protocol === "http:" && inPath === name)',
    replace: 'isAddress || protocol !== ""',
    suites: [ownAccount],
  },
  {
    breaks: "AccountName and BlobEndpoint may name two accounts",
    file: account,
    find: "return name === null || name === account",
    replace: 'return name === null || name !== ""',
    suites: [ownAccount],
  },
  {
    breaks: "a connection string may name its account twice",
    file: account,
    find: "if (names.length > 1 || endpoints.length > 1) {",
    replace: "if (names.length > 2 || endpoints.length > 2) {",
    suites: [ownAccount],
  },
  {
    breaks: "the share with the app's files keeps its capitals",
    file: "src/settings/settings.ts",
    find: '"WEBSITE_CONTENTSHARE"])?.toLowerCase() ?? null',
    replace: '"WEBSITE_CONTENTSHARE"]) ?? null',
    suites: [ownAccount],
  },
  {
    breaks: "junk in a sealing key is skipped",
    file: "src/settings/settings.ts",
    find: 'key.toString("base64") !== parts[index]',
    replace: 'key.toString("base64") === ""',
    suites: [settings],
  },
  {
    breaks: "a sealing key may have only zeros",
    file: "src/settings/settings.ts",
    find: "key.every((byte) => byte === 0)",
    replace: "key.every((byte) => byte === 1)",
    suites: [settings],
  },
  {
    breaks: "an operator needs no identity provider",
    file: "src/settings/settings.ts",
    find: "/^[^\\s/]+\\/\\S+$/.test(operator)",
    replace: '(operator !== "")',
    suites: [settings],
  },
  {
    breaks: "a principal without a provider can be an operator",
    file: "src/triggers/http/principals.ts",
    find: 'return `${headers.get("x-ms-client-principal-idp") ?? ""}/${id}`;',
    replace:
      'return [headers.get("x-ms-client-principal-idp") ?? "", id].filter((part) => part !== "").join("/");',
    suites: ["test/e2e/access/other-callers.test.ts"],
  },
  {
    breaks: "two Idempotency-Keys count as one",
    file: "src/triggers/http/claim-instance.ts",
    find: "[\\x21-\\x2b\\x2d-\\x7e]",
    replace: "[\\x21-\\x7e]",
    suites: ["test/e2e/requests/bad-input.test.ts"],
  },
  {
    breaks: "an abort takes a body that is not JSON",
    file: "src/triggers/http/read-json.ts",
    find: "return body.ok ? null : body.response;",
    replace: 'return body.ok || "response" in body ? null : body;',
    suites: ["test/e2e/requests/http-semantics.test.ts"],
  },
  {
    breaks: "a foreign page can read a blob through the browser",
    file: "src/local/local-stack.ts",
    find: "? refuseForeignReader(headers, names)",
    replace: "? undefined",
    suites: [pages],
  },
  {
    breaks: "a foreign page can show every blob",
    file: "src/local/host/http/foreign-requests.ts",
    find: 'shown.has(headers["sec-fetch-dest"] ?? "")',
    replace: 'headers["sec-fetch-dest"] !== "document"',
    suites: [pages],
  },
  {
    breaks: "a foreign page can read an image with its Origin",
    file: "src/local/host/http/foreign-requests.ts",
    find: 'isShown ? { origin: headers["origin"] } : headers',
    replace: "isShown ? {} : headers",
    suites: [pages],
  },
  {
    breaks: "a blob runs as a page of the emulator's origin",
    file: sender,
    find: "    ...headers,\n    ...inertHeaders,",
    replace: "    ...headers,",
    suites: [pages],
  },
  {
    breaks: "an error response of the emulator is not sandboxed",
    file: "src/local/storage/server/storage-server.ts",
    find: "const headers = { ...inertHeaders,",
    replace: "const headers = {",
    suites: [pages],
  },
  {
    breaks: "a Host may have a user or a path",
    file: "src/local/host/http/foreign-requests.ts",
    find: "onlyHostAndPort.test(host) ?",
    replace: 'host !== "" ?',
    suites: [pages],
  },
  {
    breaks: "the emulator serves a foreign name in the target's absolute form",
    file: "src/local/local-stack.ts",
    find: "return !target.startsWith",
    replace: 'return target === "" && !target.startsWith',
    suites: [pages],
  },
  {
    breaks: "an invalid query breaks the connection",
    file: sender,
    find: "/(?:^|&)sv=([\\w-]+)(?:&|$)/i.exec(splitTarget(target)[1])?.[1]",
    replace:
      "decodeURIComponent(/(?:^|&)sv=([^&]+)/i.exec(splitTarget(target)[1])?.[1] ?? latestVersion)",
    suites: [queries],
  },
  {
    breaks: "a response header that HTTP cannot contain breaks the connection",
    file: "src/local/storage/server/storage-server.ts",
    find: "    requireSendable(response);\n",
    replace: "",
    suites: [queries],
  },
  {
    breaks: "outside Storage, a letter like a slash is a plain letter",
    file: external,
    find: "    .split(slashLike)\n",
    replace: '    .split("/")\n',
    suites: [folders],
  },
  {
    breaks: "outside Storage, no server is assumed to drop invisible characters",
    file: external,
    find: '    .replace(dropped, "")\n',
    replace: "    .trim()\n",
    suites: [folders],
  },
  {
    breaks: "outside Storage, a segment of dots ends only at its slash",
    file: external,
    find: "+([?#;:]|$)/",
    replace: "+$/",
    suites: [folders],
  },
  {
    breaks: "a letter with an iota has two locks",
    file: "src/copy/location/endpoint.ts",
    find: "[letter.toUpperCase(), letter.toLowerCase()]",
    replace: "[letter.toUpperCase(), letter]",
    suites: [folded],
  },
  {
    breaks: "the marker of a rollback replaces a foreign value",
    file: "src/copy/decisions/rollback-step.ts",
    find: "...former.map(([, value]) => value)]",
    replace: "...former.map(([, value]) => value).slice(1)]",
    suites: [marker],
  },
  {
    breaks: "a foreign value of the marker's name is not restored",
    file: "src/copy/decisions/rollback-step.ts",
    find: 'return former === "" ?',
    replace: 'return former !== "-" ?',
    suites: [marker],
  },
  {
    breaks: "a request may write the marker of a rollback",
    file: "src/copy/request/metadata.ts",
    find: "if (name.toLowerCase() === rollbackMarkerName) {",
    replace: 'if (name === "") {',
    suites: [marker],
  },
  {
    breaks: "a warning shows Storage's id of a foreign copy",
    file: "src/copy/decisions/plan.ts",
    find: "`Waiting for another copy onto the destination",
    replace: "`Waiting for copy ${copyId} onto the destination",
    suites: [busy],
  },
  {
    breaks: "a warning shows Storage's id of a copy onto the source",
    file: "src/copy/decisions/plan.ts",
    find: "`Waiting for another copy onto the source",
    replace: "`Waiting for copy ${copyId} onto the source",
    suites: [busy],
  },
  {
    breaks: "a pair may have a container that no account can have",
    file: policy,
    find: "if (!(isBlob ? isContainerName(top) : isShareName(top))) {",
    replace: "if (!(isBlob || isShareName(top))) {",
    suites: [pairs],
  },
  {
    breaks: "a pair may have an encoded slash",
    file: policy,
    find: 'part.includes("/")',
    replace: 'part.includes("//")',
    suites: [pairs],
  },
  {
    breaks: "a pair may have a name that no blob can have",
    file: policy,
    find: 'return path === "" || problems.length === 0',
    replace: 'return path === "" || problems.length >= 0',
    suites: [pairs],
  },
  {
    breaks: "a pair may write to a secondary",
    file: policy,
    find: 'side === "to" && host.secondary',
    replace: 'side !== "to" && side !== "from" && host.secondary',
    suites: [pairs],
  },
  {
    breaks: "a pair may have another service of Storage",
    file: policy,
    find: 'if (service !== "blob" && service !== "file") return serviceProblem(host);',
    replace:
      'if (service !== "blob" && service !== "file") return { origin, account, segments: parts };',
    suites: [pairs],
  },
  {
    breaks: "a misspelled host of Storage is outside Storage",
    file: policy,
    find: "host !== null || isAlmostStorageHost(url.hostname)",
    replace: "host !== null",
    suites: [pairs],
  },
  {
    breaks: "other spellings of a host are repaired",
    file: "src/copy/location/written-url.ts",
    find: "lowerCase(written) !== hostname",
    replace: 'hostname === ""',
    suites: [pairs],
  },
  {
    breaks: "letters outside ASCII are converted to lower case before a host is compared",
    file: "src/copy/location/written-url.ts",
    find: "text.replace(/[A-Z]/g,",
    replace: "text.replace(/\\p{Lu}/gu,",
    suites: [pairs],
  },
  {
    breaks: "a host of any length is quoted in full",
    file: "src/copy/location/characters.ts",
    find: "|| name.length > maxHostLength) return",
    replace: "|| name.length > maxHostLength * 1_000) return",
    suites: [pairs],
  },
  {
    breaks: "an event may have a time that a template cannot write",
    file: "src/copy/routing/storage-event.ts",
    find: "return /^\\d{4}-/.test(text) &&",
    replace: "return Number.isFinite(at) || /^\\d{4}-/.test(text) &&",
    suites: [events],
  },
];
