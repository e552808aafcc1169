/**
 * The allowed imports. Each row is a folder or file of `src/`; the longest row that a file's path begins with
 * decides. A file may always import its own folder (not the folders below it); everything else that it may import is
 * listed:
 *
 * - a path under `src/`: that file, or every file in that folder and below;
 * - the name of a package or of a Node module;
 * - `types:` and a package: `import type` only, because its values come in as arguments.
 *
 * `reason` completes the sentence "… because" in lint's message.
 */
const sdks = ["@azure/storage-blob", "@azure/storage-file-share", "@azure/identity"];
const interfaces = [
  "ledger/ledger.ts",
  "ledger/ledger-error.ts",
  "ledger/record.ts",
  "ledger/jobs/job-ledger.ts",
  "secrets/seal.ts",
];
/** The log lines, without the current invocation: orchestrators are replayed. */
const lines = ["telemetry/log-lines.ts", "telemetry/copy-lines.ts"];
const hostTypes = ["types:@azure/functions", "types:durable-functions"];
const domain = ["zod", "copy/time.ts", "copy/durations.ts", "copy/json.ts"];

/** Folder of the emulator → the packages that it may import. */
const emulatorPackages = { http: ["fast-xml-parser"] };

/** Folder of the emulator → the folders of it that it may import. The order is that of the layers. */
const emulatorRows = (layers) =>
  Object.fromEntries(
    Object.entries(layers).map(([folder, may]) => [
      `local/storage/${folder}`,
      {
        reason: `local/storage/${folder}/ imports ${may.length === 0 ? "no other folder" : `only ${may.join("/, ")}/`} of the emulator`,
        may: [
          "local/clock.ts",
          "node:*",
          ...(emulatorPackages[folder] ?? []),
          ...may.map((each) => `local/storage/${each}`),
        ],
      },
    ]),
  );

export const boundaries = {
  copy: { reason: "copy/ is pure: it imports only copy/ and the schema library", may: ["zod"] },
  "copy/location": { reason: "copy/ is pure, and location/ is its lowest layer", may: domain },
  "copy/request": {
    reason: "copy/ is pure, and request/ imports only location/",
    may: [...domain, "copy/location"],
  },
  "copy/contract": {
    reason: "copy/ is pure, and contract/ imports only request/ and location/",
    may: [...domain, "copy/request", "copy/location"],
  },
  "copy/routing": {
    reason: "copy/ is pure, and routing/ imports only request/ and location/",
    may: [...domain, "copy/request", "copy/location"],
  },
  "copy/decisions": {
    reason: "copy/ is pure, and decisions/ imports only contract/, request/ and location/",
    may: [...domain, "copy/contract", "copy/request", "copy/location"],
  },
  "copy/polling": {
    reason: "copy/ is pure, and polling/ imports only contract/",
    may: [...domain, "copy/contract"],
  },
  jobs: { reason: "jobs/ is pure: it imports only copy/ and the schema library", may: ["zod"] },
  "jobs/contract": {
    reason: "jobs/ is pure, and contract/ imports only copy/",
    may: ["zod", "copy"],
  },
  "jobs/request": {
    reason: "jobs/ is pure, and request/ imports only copy/ and contract/",
    may: ["zod", "copy", "jobs/contract"],
  },
  "jobs/decisions": {
    reason: "jobs/ is pure, and decisions/ imports only copy/, contract/ and request/",
    may: ["copy", "jobs/contract", "jobs/request"],
  },
  "names.ts": { reason: "names.ts imports nothing", may: [] },
  orchestrations: {
    reason:
      "orchestrations/ is replayed: it imports copy/, jobs/, names.ts, log lines and types of durable-functions",
    may: ["copy", "jobs", "names.ts", "types:durable-functions", ...lines],
  },
  telemetry: {
    reason: "telemetry/ imports copy/, jobs/, OpenTelemetry's API and two Node modules",
    may: [
      "copy",
      "jobs",
      "@opentelemetry/api",
      "node:async_hooks",
      "node:crypto",
      "types:@azure/functions",
    ],
  },
  "telemetry/log-lines.ts": { reason: "orchestrators import the log lines", may: ["copy"] },
  "telemetry/copy-lines.ts": { reason: "orchestrators import the log lines", may: ["copy"] },
  secrets: { reason: "secrets/ imports copy/ and node:crypto", may: ["copy", "node:crypto"] },
  storage: {
    reason: "storage/ imports copy/, jobs/contract/, telemetry/ and the Storage SDKs",
    may: ["copy", "jobs/contract", "telemetry", ...sdks],
  },
  "storage/jobs": {
    reason: "storage/jobs/ imports storage/, copy/, jobs/contract/ and the Blob SDK",
    may: [
      "storage",
      "copy",
      "jobs/contract",
      "@azure/storage-blob",
      "types:@azure/identity",
      "node:crypto",
    ],
  },
  ledger: {
    reason: "ledger/ imports copy/, its jobs/, the Blob SDK and the schema library",
    may: [
      "copy",
      "ledger/destinations",
      "ledger/jobs",
      "@azure/storage-blob",
      "node:crypto",
      "uuid",
      "zod",
    ],
  },
  "ledger/destinations": {
    reason: "ledger/destinations/ imports copy/ and the ledger's blobs and shapes",
    may: [
      "copy",
      "ledger/conditional-blobs.ts",
      "ledger/hash.ts",
      "ledger/ledger.ts",
      "ledger/ledger-error.ts",
      "ledger/record.ts",
      "ledger/scan-position.ts",
      "ledger/stored-shapes.ts",
    ],
  },
  "ledger/jobs": {
    reason: "ledger/jobs/ imports copy/, jobs/ and the ledger's conditional blobs",
    may: ["copy", "jobs", "ledger/conditional-blobs.ts", "ledger/columns.ts", "ledger/record.ts"],
  },
  activities: {
    reason:
      "activities/ works over interfaces: copy/, telemetry/, the copy client's, the ledger's, the seal's",
    may: [
      "activities/starting",
      "activities/support",
      "activities/jobs",
      "copy",
      "jobs/contract",
      "telemetry",
      "storage/copy-client.ts",
      "notifications/notifications.ts",
      ...interfaces,
    ],
  },
  "activities/jobs": {
    reason:
      "activities/jobs/ works over interfaces: copy/, jobs/, telemetry/, the ledger's, the seal's",
    may: ["activities/jobs/support", "copy", "jobs", "telemetry", ...interfaces],
  },
  "activities/jobs/support": {
    reason: "activities/jobs/support/ works over interfaces and imports no step of a job",
    may: ["copy", "jobs", "telemetry", "node:crypto", ...interfaces],
  },
  "activities/starting": {
    reason: "activities/starting/ holds the steps of a start and imports no activity",
    may: ["activities/support", "copy", "storage/copy-client.ts", ...interfaces],
  },
  "activities/support": {
    reason: "activities/support/ works over interfaces and imports no activity",
    may: ["copy", "storage/copy-client.ts", "notifications/notifications.ts", ...interfaces],
  },
  notifications: {
    reason: "notifications/ imports copy/, telemetry/, the public view and node:crypto",
    may: ["copy", "telemetry", "instances/copy-view.ts", "node:crypto"],
  },
  instances: {
    reason:
      "instances/ imports copy/, jobs/, telemetry/, names.ts and the interfaces of ledger/ and secrets/",
    may: ["copy", "jobs", "telemetry", "names.ts", "types:durable-functions", ...interfaces],
  },
  http: {
    reason: "http/ imports copy/, the public views and node:crypto",
    may: [
      "copy",
      "jobs/decisions/job-status.ts",
      "instances/copy-view.ts",
      "instances/job-view.ts",
      "node:crypto",
      "types:@azure/functions",
    ],
  },
  "http/openapi": {
    reason:
      "http/openapi/ imports copy/, jobs/, the public views, the schema library and three Node modules",
    may: [
      "copy",
      "jobs",
      "instances/copy-item.ts",
      "instances/copy-view.ts",
      "instances/job-view.ts",
      "instances/timeline.ts",
      "zod",
      "node:fs",
      "node:path",
      "node:util",
    ],
  },
  cli: {
    reason: "cli/ is a client of the API: it imports client/, and loads no SDK",
    may: [
      "cli",
      "client/ferry.ts",
      "client/format-bytes.ts",
      "copy/printable.ts",
      "@bomb.sh/tab/commander",
      "cli-progress",
      "commander",
      "node:*",
    ],
  },
  client: { reason: "client/ also runs in browsers: it imports nothing", may: [] },
  triggers: {
    reason: "triggers/ contains only the folders http/, events/ and timers/",
    may: [],
  },
  "triggers/http": {
    reason:
      "triggers/http/ imports copy/, http/, instances/ and the interfaces of ledger/ and secrets/",
    may: [
      "copy",
      "http",
      "instances",
      "names.ts",
      "ledger/instance-id.ts",
      "node:crypto",
      ...interfaces,
      ...hostTypes,
    ],
  },
  "triggers/http/jobs": {
    reason:
      "triggers/http/jobs/ imports triggers/http/, copy/, jobs/, http/, instances/ and the interfaces of ledger/ and secrets/",
    may: [
      "triggers/http",
      "copy",
      "jobs",
      "http",
      "instances",
      "names.ts",
      "ledger/jobs/job-columns.ts",
      "node:crypto",
      ...interfaces,
      ...hostTypes,
    ],
  },
  "triggers/events": {
    reason:
      "triggers/events/ imports copy/, telemetry/, instances/, node:crypto and the interfaces of ledger/ and secrets/",
    may: ["copy", "telemetry", "instances", "names.ts", "node:crypto", ...interfaces, ...hostTypes],
  },
  "triggers/timers": {
    reason:
      "triggers/timers/ imports copy/, jobs/, telemetry/, instances/ and the ledger's interface",
    may: ["copy", "jobs", "telemetry", "instances", "names.ts", ...interfaces, ...hostTypes],
  },
  dashboard: {
    reason: "dashboard/ serves the files of the page, and imports nothing of Ferry",
    may: ["node:crypto", "node:fs", "node:path", "node:util", "types:@azure/functions"],
  },
  "dashboard/page": {
    reason: "the page is a client of the API: it imports client/ and Preact",
    may: ["dashboard/page", "client", "preact", "preact/hooks"],
  },
  "dashboard/page/text": {
    reason:
      "dashboard/page/text/ is pure: it imports only the format that the command line has too",
    may: ["client/format-bytes.ts"],
  },
  "dashboard/page/state": {
    reason:
      "dashboard/page/state/ renders nothing and sends no request: it imports text/ and client/",
    may: ["dashboard/page/text", "client"],
  },
  "dashboard/page/api": {
    reason: "dashboard/page/api/ renders nothing: it imports state/, text/ and client/",
    may: ["dashboard/page/state", "dashboard/page/text", "client"],
  },
  settings: {
    reason: "settings/ imports copy/ and the shapes that it fills",
    may: ["copy", "notifications/notifications.ts", "zod"],
  },
  "app.ts": {
    reason: "app.ts gets its clients and settings as arguments",
    may: [
      "activities",
      "orchestrations",
      "triggers",
      "telemetry",
      "dashboard/serve-page.ts",
      "copy",
      "jobs/contract",
      "ledger/ledger.ts",
      "instances/wake-waiter.ts",
      "names.ts",
      "@azure/functions",
      "durable-functions",
    ],
  },
  "main.ts": {
    reason: "main.ts connects the app to Azure, and local/ is never deployed",
    may: [
      "app.ts",
      "activities/jobs/support/job-run.ts",
      "copy/printable.ts",
      "ledger",
      "notifications",
      "secrets",
      "settings",
      "storage",
      "node:crypto",
      ...sdks,
    ],
  },
  local: {
    reason: "local/ imports no product code",
    may: [
      "local",
      "node:*",
      "@azure/storage-blob",
      "@sinonjs/fake-timers",
      "cli-progress",
      "selfsigned",
    ],
  },
  "local/durable": {
    reason: "local/durable/ imports the clock, the durations and its own folders",
    may: ["local/durable", "local/clock.ts", "local/durations.ts", "node:*"],
  },
  "local/durable/api": {
    reason:
      "local/durable/api/ is the contract between the host and the engine, and imports only the clock",
    may: ["local/clock.ts"],
  },
  "local/durable/history": { reason: "local/durable/history/ imports nothing", may: [] },
  "local/durable/hub": {
    reason: "local/durable/hub/ stores: it imports api/, history/, the clock and the durations",
    may: [
      "local/durable/api",
      "local/durable/history",
      "local/clock.ts",
      "local/durations.ts",
      "node:sqlite",
    ],
  },
  "local/durable/turn": {
    reason: "local/durable/turn/ imports api/, history/, the clock and the durations",
    may: [
      "local/durable/api",
      "local/durable/history",
      "local/clock.ts",
      "local/durations.ts",
      "node:crypto",
    ],
  },
  "local/durable/management": {
    reason: "local/durable/management/ imports api/, history/, hub/ and turn/",
    may: [
      "local/durable/api",
      "local/durable/history",
      "local/durable/hub",
      "local/durable/turn",
      "local/clock.ts",
      "node:crypto",
    ],
  },
  "local/host": {
    reason:
      "local/host/ imports no product code, and of the Durable engine only its entry and its API",
    may: [
      "local/host",
      "local/durable/api",
      "local/durable/engine.ts",
      "local/clock.ts",
      "local/log.ts",
      "node:*",
    ],
  },
  "local/host/worker": {
    reason:
      "local/host/worker/ stands in for the Node worker: it imports no trigger and no HTTP server",
    may: ["local/clock.ts", "local/log.ts", "node:*"],
  },
  "local/host/http": {
    reason: "local/host/http/ imports the worker, the clock, the durations and the log",
    may: ["local/host/worker", "local/clock.ts", "local/durations.ts", "local/log.ts", "node:*"],
  },
  "local/host/triggers": {
    reason: "local/host/triggers/ imports the worker, HTTP and the Durable engine's API",
    may: [
      "local/host/worker",
      "local/host/http",
      "local/durable/api",
      "local/clock.ts",
      "local/durations.ts",
      "local/log.ts",
      "node:*",
      "croner",
      "fast-xml-parser",
    ],
  },
  "local/storage": {
    reason: "the emulator shares no code with the product or the host",
    may: ["local/storage", "local/clock.ts", "node:*"],
  },
  ...emulatorRows({
    http: [],
    server: ["http"],
    leases: ["http"],
    store: ["http", "leases"],
    auth: ["http", "store"],
    events: ["http", "store"],
    "pending-copies": ["http", "leases", "store", "events"],
    calls: ["http", "store", "auth", "pending-copies"],
    blobs: ["http", "leases", "store", "auth", "pending-copies", "calls"],
    files: ["http", "leases", "store", "pending-copies", "calls"],
    copies: ["http", "leases", "store", "auth", "pending-copies", "calls", "blobs", "files"],
  }),
};

/** The folders in which a SAS in clear text leaves its type. */
const mayReveal = ["storage/", "secrets/"];
const revealed = { file: "copy/location/sas.ts", name: "revealSas" };

const rowOf = (file) =>
  Object.keys(boundaries)
    .filter((row) => file === row || file.startsWith(`${row}/`))
    .toSorted((a, b) => b.length - a.length)[0];

const folderOf = (file) => file.slice(0, Math.max(0, file.lastIndexOf("/")));

/** The path under `src/` to which a relative specifier resolves; null when it leaves `src/`. */
function resolve(file, specifier) {
  const parts = folderOf(file).split("/").filter(Boolean);
  for (const part of specifier.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) return null;
    } else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function isAllowed(file, specifier, isTypeOnly, may) {
  if (!specifier.startsWith(".")) {
    if (may.includes(specifier)) return true;
    if (specifier.startsWith("node:") && may.includes("node:*")) return true;
    return isTypeOnly && may.includes(`types:${specifier}`);
  }
  const target = resolve(file, specifier);
  if (target === null) return false;
  if (folderOf(target) === folderOf(file) && folderOf(file) !== "") return true;
  return may.some((path) => target === path || target.startsWith(`${path}/`));
}

export const rule = {
  create(context) {
    const at = context.filename.replaceAll("\\", "/").split("/src/").slice(1).join("/src/");
    const row = rowOf(at);
    if (row === undefined) return {};
    const { reason, may } = boundaries[row];
    const check = (node, isTypeOnly) => {
      const specifier = node.source?.value;
      if (typeof specifier !== "string") return;
      if (!isAllowed(at, specifier, isTypeOnly, may)) {
        context.report({ node, message: `Do not import "${specifier}" here: ${reason}` });
      }
      const names = (node.specifiers ?? []).map(({ imported }) => imported?.name);
      const isReveal = names.includes(revealed.name) && resolve(at, specifier) === revealed.file;
      if (isReveal && !mayReveal.some((folder) => at.startsWith(folder))) {
        const message = "A SAS is revealed in storage/ and secrets/ only";
        context.report({ node, message });
      }
    };
    const onlyTypes = ({ importKind, exportKind, specifiers = [] }) =>
      importKind === "type" ||
      exportKind === "type" ||
      (specifiers.length > 0 && specifiers.every((each) => each.importKind === "type"));
    return {
      ImportDeclaration: (node) => check(node, onlyTypes(node)),
      ExportNamedDeclaration: (node) => check(node, onlyTypes(node)),
      ExportAllDeclaration: (node) => check(node, onlyTypes(node)),
      ImportExpression: (node) => check(node, false),
    };
  },
};
