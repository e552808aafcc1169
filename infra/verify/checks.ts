/*
 * Checks a deployment by using it: one copy for each pair, one abort, one event for each route. Every check writes
 * small objects named "ferry-verify-…" and removes them.
 */

export type VerifyOptions = {
  /** Calls Ferry's API; `path` begins after /api. */
  api(method: string, path: string, body?: object): Promise<{ status: number; body: ApiBody }>;
  storage: TestObjects;
  /** URL prefixes of containers and shares, as in COPY_ALLOWED. */
  pairs: { from: string; to: string }[];
  /** As in COPY_ROUTES. */
  routes: VerifiedRoute[];
  /** Makes the names of this run unique. */
  id: string;
  now(): number;
  pause(ms: number): Promise<void>;
  report(line: string): void;
};

export type VerifiedRoute = {
  name: string;
  source: string;
  destination: string;
  prefix?: string;
  suffix?: string;
  glob?: string;
};

/** Blobs and files by URL, with the rights of the person who runs the checks. */
export type TestObjects = {
  create(url: string, text: string): Promise<void>;
  /** The text of the object; null if there is none. */
  read(url: string): Promise<string | null>;
  remove(url: string): Promise<void>;
};

/** The fields that the checks read, of a copy or of a problem. */
type ApiBody = {
  id?: string;
  status?: string | number;
  abortRequested?: boolean;
  detail?: string;
  error?: { cause: string; message: string; fix: string } | null;
};

type Check = { what: string; run(): Promise<string | null> };

const waitMs = 5 * 60_000;
const pauseMs = 2_000;

/** Runs every check, reports one line each, and returns how many failed. */
export async function verify(options: VerifyOptions): Promise<number> {
  let failed = 0;
  for (const { what, run } of checksOf(options)) {
    const problem = await run().catch((error: unknown) => String(error));
    if (problem !== null) failed += 1;
    options.report(problem === null ? `pass  ${what}` : `FAIL  ${what}: ${problem}`);
  }
  return failed;
}

function checksOf(options: VerifyOptions): Check[] {
  const { pairs, routes, report } = options;
  const inStorage = pairs.filter(({ from }) => isStorage(from));
  for (const { from } of pairs.filter((pair) => !inStorage.includes(pair))) {
    report(`skip  ${from} is outside Azure Storage, where this script cannot write a source`);
  }
  const [first] = inStorage;
  return [
    { what: "the app is healthy", run: () => checkHealth(options) },
    ...inStorage.map(({ from, to }) => ({
      what: `a copy from ${from} to ${to}`,
      run: () => checkCopy(options, from, to),
    })),
    ...(first === undefined
      ? []
      : [{ what: "an abort", run: () => checkAbort(options, first.from, first.to) }]),
    ...routes.map((route) => ({
      what: `an event of the route "${route.name}"`,
      run: () => checkEvent(options, route),
    })),
  ];
}

async function checkHealth({ api }: VerifyOptions): Promise<string | null> {
  const { status, body } = await api("GET", "/health");
  return status === 200
    ? null
    : `GET /api/health responded with ${status}: ${body.detail ?? "no reason"}`;
}

async function checkCopy(options: VerifyOptions, from: string, to: string): Promise<string | null> {
  const name = `ferry-verify-${options.id}.txt`;
  return await withObjects(
    options,
    [`${from}/${name}`, `${to}/${name}`],
    async (source, target) => {
      await options.storage.create(source, options.id);
      const started = await options.api("POST", "/copies", { source, destination: target });
      if (started.status !== 202) return refusal(started);
      const ended = await untilEnded(options, started.body.id ?? "");
      if (ended.status !== "succeeded") return outcome(ended);
      return (await options.storage.read(target)) === options.id
        ? null
        : "the destination does not have the source's content";
    },
  );
}

async function checkAbort(
  options: VerifyOptions,
  from: string,
  to: string,
): Promise<string | null> {
  const name = `ferry-verify-${options.id}-abort.txt`;
  return await withObjects(
    options,
    [`${from}/${name}`, `${to}/${name}`],
    async (source, target) => {
      await options.storage.create(source, options.id);
      const started = await options.api("POST", "/copies", { source, destination: target });
      if (started.status !== 202) return refusal(started);
      const id = started.body.id ?? "";
      const abort = await options.api("POST", `/copies/${id}/abort`);
      const ended = await untilEnded(options, id);
      // A copy this small may end before the abort arrives.
      if (abort.status === 409) return ended.status === "succeeded" ? null : outcome(ended);
      if (abort.status !== 202 && abort.status !== 200) return refusal(abort);
      const isHonest = ended.status === "aborted" || ended.status === "succeeded";
      return isHonest && ended.abortRequested === true ? null : outcome(ended);
    },
  );
}

async function checkEvent(options: VerifyOptions, route: VerifiedRoute): Promise<string | null> {
  const path = matchingName(route, `ferry-verify-${options.id}`);
  const source = `${route.source}/${path}`;
  const target = expandDestination(route, path, new Date(options.now()));
  return await withObjects(options, [source, target], async () => {
    await options.storage.create(source, options.id);
    const limit = options.now() + waitMs;
    while (options.now() < limit) {
      if ((await options.storage.read(target)) === options.id) return null;
      await options.pause(pauseMs);
    }
    return `nothing arrived at ${target} within five minutes. Check the subscription's metrics and the dead letters`;
  });
}

/** A name that the route matches: its pattern with its wildcards filled in. */
function matchingName({ prefix = "", suffix = "", glob }: VerifiedRoute, id: string): string {
  const middle = (glob ?? "*")
    .replaceAll("**/", "")
    .replaceAll("**", id)
    .replaceAll("*", id)
    .replaceAll("?", "x")
    .replaceAll(/\{([^,}]*)[^}]*\}/g, "$1");
  const start = middle.startsWith(prefix) ? "" : prefix;
  return `${start}${middle}${middle.endsWith(suffix) ? "" : suffix}`;
}

function expandDestination({ source, destination }: VerifiedRoute, path: string, at: Date): string {
  const name = path.split("/").at(-1) ?? "";
  const dot = name.lastIndexOf(".");
  const date = at.toISOString();
  const values: Record<string, string> = {
    container: source.split("/").at(-1) ?? "",
    path,
    name,
    stem: dot > 0 ? name.slice(0, dot) : name,
    ext: dot > 0 ? name.slice(dot + 1) : "",
    year: date.slice(0, 4),
    month: date.slice(5, 7),
    day: date.slice(8, 10),
    hour: date.slice(11, 13),
  };
  return destination.replaceAll(/\{(\w+)\}/g, (text, variable: string) => values[variable] ?? text);
}

async function withObjects(
  { storage, report }: VerifyOptions,
  [source, target]: [string, string],
  work: (source: string, target: string) => Promise<string | null>,
): Promise<string | null> {
  try {
    return await work(source, target);
  } finally {
    for (const url of [target, source]) {
      await storage.remove(url).catch((error: unknown) => {
        report(`note  Cannot remove ${url}: ${String(error)}`);
      });
    }
  }
}

async function untilEnded(options: VerifyOptions, id: string): Promise<ApiBody> {
  const limit = options.now() + waitMs;
  for (;;) {
    const { body } = await options.api("GET", `/copies/${id}`);
    const isRunning = ["queued", "copying", "aborting"].includes(String(body.status));
    if (!isRunning || options.now() >= limit) return body;
    await options.pause(pauseMs);
  }
}

const isStorage = (url: string) =>
  /^https?:\/\/[^/]+\.(blob|file)\.|^http:\/\/127\.0\.0\.1/.test(url);

const refusal = ({ status, body }: { status: number; body: ApiBody }) =>
  `Ferry responded with ${status}: ${body.detail ?? "no reason"}`;

/** The failure of a copy, with its fix, which may name an account's firewall or a role. */
const outcome = ({ status, error }: ApiBody) =>
  error == null ? `the copy is ${status}` : `${error.cause}: ${error.message}. ${error.fix}`;
