import type { Mutant } from "../mutant.ts";

/* Mistakes in the checks of the rights of the app's identity, its callers and its routes. */

const trusted = "test/unit/copy/location/trusted-endpoint.test.ts";
const strangeInput = "test/contract/activities/strange-input.test.ts";
const strangeOrchestration = "test/e2e/access/strange-orchestration.test.ts";
const grants = "test/e2e/access/grants.test.ts";
const otherCallers = "test/e2e/access/other-callers.test.ts";
const bounded = "test/e2e/requests/bounded-answers.test.ts";
const sasValues = "test/e2e/secrets/sas-values.test.ts";
const seal = "test/unit/secrets/seal.test.ts";
const settings = "test/unit/settings/settings.test.ts";

export const powerMutants: readonly Mutant[] = [
  {
    breaks: "any host gets the app's token",
    file: "src/storage/credentials.ts",
    find: "if (!isOnStorageHost(endpoint, emulator)) throw",
    replace: "if (!isOnStorageHost(endpoint, emulator) && endpoint === null) throw",
    suites: [trusted],
  },
  {
    breaks: "the token goes to the host of an account other than the endpoint's",
    file: "src/copy/location/trusted-endpoint.ts",
    find: "host?.account === account &&",
    replace: "host !== null &&",
    suites: [trusted],
  },
  {
    breaks: "the token goes to the host of a service other than the endpoint's",
    file: "src/copy/location/trusted-endpoint.ts",
    find: "host.service === service",
    replace: 'host.service !== ""',
    suites: [trusted],
  },
  {
    breaks: "any host that claims to be the emulator gets the token",
    file: "src/copy/location/trusted-endpoint.ts",
    find: "return origin === emulator[service] &&",
    replace: "return emulator[service] !== origin.slice(0, 0) &&",
    suites: [trusted],
  },
  {
    breaks: "the token goes to any port of a Storage host",
    file: "src/copy/location/trusted-endpoint.ts",
    find: 'url.port === "" &&',
    replace: 'url.port !== "0" &&',
    suites: [trusted],
  },
  {
    breaks: "a name with dot segments leaves its pair",
    file: "src/copy/location/trusted-endpoint.ts",
    find: "!isEndpoint(endpoint) || !isWellNamed(endpoint)",
    replace: "!isEndpoint(endpoint) || (!isWellNamed(endpoint) && endpoint === null)",
    suites: [trusted],
  },
  {
    breaks: "a read calls the host that its input names",
    file: "src/activities/read.ts",
    find: "return denial === null ? null : unobservable(denial, copyId);",
    replace: 'return denial === null || copyId !== "" ? null : unobservable(denial, copyId);',
    suites: [strangeInput],
  },
  {
    breaks: "start does not check again whether its copy is allowed",
    file: "src/activities/start.ts",
    find: "if (denial !== null) {",
    replace: "if (denial !== null && input.copy.version > 1) {",
    suites: [strangeInput],
  },
  {
    breaks: "a copy of a route may have any destination",
    file: "src/copy/routing/copy-access.ts",
    find: "!parsed.ok || endpointUrl(parsed.endpoint) !== endpointUrl(destination)",
    replace: "!parsed.ok",
    suites: [strangeOrchestration],
  },
  {
    breaks: "any word grants every option",
    file: "src/copy/request/powers.ts",
    find: "allow.has(power.word)",
    replace: "allow.size > 0",
    suites: [grants],
  },
  {
    breaks: "a policy may last any length of time",
    file: "src/copy/request/grants.ts",
    find: "const isTooLong = !(",
    replace: "const isTooLong = maxLockDays < 0 && !(",
    suites: [grants],
  },
  {
    breaks: "a route's own options need no word",
    file: "src/copy/routing/routes.ts",
    find: 'name: "the route", allow: new Set(allow)',
    replace: 'name: "the route", allow: new Set<Grant>([...allow, "lock", "seal", "legal-hold"])',
    suites: [settings],
  },
  {
    breaks: "a principal reads another principal's copy",
    file: "src/triggers/http/principals.ts",
    find: "return event === undefined && readPrincipal(request, settings) === (owner ?? null);",
    replace: "return event === undefined && readPrincipal(request, settings) !== (owner ?? event);",
    suites: [otherCallers],
  },
  {
    breaks: "every caller reads the copies of events",
    file: "src/triggers/http/principals.ts",
    find: "return event === undefined && readPrincipal",
    replace: "return event !== undefined || readPrincipal",
    suites: [otherCallers],
  },
  {
    breaks: "every principal is an operator",
    file: "src/triggers/http/principals.ts",
    find: "settings.operators.includes(name)",
    replace: "settings.operators.length > 0",
    suites: [otherCallers],
  },
  {
    breaks: "headers name a principal without authentication",
    file: "src/triggers/http/principals.ts",
    find: 'const id = areTrusted ? headers.get("x-ms-client-principal-id") : null;',
    replace: 'const id = areTrusted !== null ? headers.get("x-ms-client-principal-id") : null;',
    suites: ["test/e2e/requests/hardening.test.ts"],
  },
  {
    breaks: "principals share one set of Idempotency-Keys",
    file: "src/triggers/http/claim-instance.ts",
    find: 'return { caller: caller ?? "", key };',
    replace: 'return { caller: caller === "" ? caller : "", key };',
    suites: [otherCallers],
  },
  {
    breaks: "every problem of a request is listed",
    file: "src/http/problem.ts",
    find: "problems.slice(0, maxListed)",
    replace: "problems.slice(0)",
    suites: [bounded],
  },
  {
    breaks: "a message quotes the permissions of a SAS",
    file: "src/copy/decisions/storage-errors.ts",
    find: "return 'the SAS lacks the permission \"r\"';",
    replace: "return `the SAS has the permissions ${permissions}`;",
    suites: [sasValues],
  },
  {
    breaks: "a sealed SAS opens with a short tag",
    file: "src/secrets/seal.ts",
    find: "          authTagLength,\n        });",
    replace: "        });",
    suites: [seal],
  },
  {
    breaks: "a function's log lines are not escaped",
    file: "src/app.ts",
    find: "line.message = printable(line.message);",
    replace: "printable(line.message);",
    suites: ["test/contract/host/app-log.test.ts"],
  },
  {
    breaks: "the local host logs control characters",
    file: "src/local/log.ts",
    find: "message: escapeControls(redact(message)),",
    replace: "message: redact(message),",
    suites: ["test/unit/local/host-log.test.ts"],
  },
];
