import type { CopySettings } from "../../../src/local/storage/pending-copies/copy-settings.ts";
import { ledgerContent } from "../support/ledger-content.ts";
import type { LedgerContent } from "../support/ledger-content.ts";
import type { Json, Stack } from "../support/stack.ts";

/** Actions on every copy of a stack. A scenario that needs one runs alone. */
type WholeStack = Pick<Stack, "runFunction" | "skipAhead">;

/** A scenario for copies, which runs on either engine. It shares its stack with others that run at the same time. */
export type Scenario<S = Omit<Stack, keyof WholeStack>> = {
  /** The speed of its copies. */
  copies?: Partial<CopySettings>;
  /** Returns the copies to compare, after they have ended. */
  play(stage: Stage<S>): Promise<Json[]>;
  /** The expected result on either engine. */
  expected: Summary;
};

/** A scenario that skips time, or runs a function with a timer trigger. */
export type LoneScenario = Scenario<Stack>;

/** One run of a scenario: a stack, with containers that no other scenario uses. */
export type Stage<S = Stack> = {
  stack: S;
  source: string;
  target: string;
  /** Starts a copy of `source/<name>` onto `target/<name>`; uploads the source if it does not exist. */
  begin(options?: BeginOptions): Promise<Json>;
  /** Fails an operation on the scenario's containers with 503, until the returned function is called. */
  refuse(operation: RefusedOperation, container?: string): () => void;
  /** Ends a pending copy onto `target/<name>` with success. */
  finish(name?: string): void;
};

type RefusedOperation = "GetBlobProperties" | "AbortCopyBlob" | "CopyBlob";

export type BeginOptions = {
  name?: string;
  bytes?: number;
  options?: Record<string, unknown>;
  key?: string;
};

export type Summary = {
  copies: CopySummary[];
  /** The copies that Storage has started. */
  begun: number;
  ledger: LedgerContent;
};

export type CopySummary = {
  status: string;
  cause: string | null;
  copyStatus: string | null;
  abortRequested: boolean;
  residue: string[];
  warning: string | null;
};

export const film = "film.mp4";
const defaultBytes = 1_000_000;

/** The ledger of one copy that has ended and left nothing. */
export const settled = (...records: string[]): LedgerContent => ({
  records,
  locks: 0,
  outbox: 0,
  claims: 0,
  destinations: 0,
});

export const succeeded: CopySummary = {
  status: "succeeded",
  cause: null,
  copyStatus: "success",
  abortRequested: false,
  residue: [],
  warning: null,
};

export const aborted: CopySummary = {
  ...succeeded,
  status: "aborted",
  copyStatus: "aborted",
  abortRequested: true,
};

/** Runs a scenario and returns its result. */
export async function playScenario(
  stack: Stack,
  name: string,
  { copies, play }: LoneScenario,
): Promise<Summary> {
  const target = `${name}-target`;
  if (copies !== undefined) stack.speeds.set(target, copies);
  const ended = await play(stageOf(stack, name));
  const ids = ended.map(({ id }) => String(id));
  return {
    copies: ended.map(copySummary),
    begun: stack.begunAt.filter((path) => path.includes(`/${target}/`)).length,
    ledger: await ledgerContent(stack, ids),
  };
}

function copySummary(copy: Json): CopySummary {
  const { status, error, copyStatus, abortRequested, residue, warning } = copy;
  return { status, cause: error?.cause ?? null, copyStatus, abortRequested, residue, warning };
}

function stageOf(stack: Stack, name: string): Stage {
  const source = `${name}-source`;
  const target = `${name}-target`;
  const uploaded = new Set<string>();
  return {
    stack,
    source,
    target,
    async begin({ name: blob = film, bytes = defaultBytes, options = {}, key } = {}) {
      const { url } = stack.blob(`${source}/${blob}`);
      if (!uploaded.has(blob)) {
        uploaded.add(blob);
        await stack.upload(`${source}/${blob}`, Buffer.alloc(bytes, "film"));
        await stack.upload(`${target}/other`, Buffer.from("so that the container exists"));
      }
      const body = { source: url, destination: stack.blob(`${target}/${blob}`).url, options };
      return await stack.start(body, key === undefined ? {} : { "idempotency-key": key });
    },
    refuse: (operation, container = target) =>
      stack.emulator.faults.add({
        operation,
        match: ({ target: url }) => url.includes(`/${container}/`),
        do: { response: { status: 503, code: "ServerBusy" } },
      }),
    finish: (blob = film) => stack.emulator.copies.finish({ container: target, blob }),
  };
}
