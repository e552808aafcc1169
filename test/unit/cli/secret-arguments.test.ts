import { PassThrough } from "node:stream";
import type { Command } from "commander";
import { afterEach, expect, test, vi } from "vitest";
import { createProgram, runCli } from "../../../src/cli/run-cli.ts";
import type { Shell } from "../../../src/cli/shell.ts";

/*
 * Goal: `ferry` prints no SAS that a user gives as an argument, whichever argument it is. Logs and the screen would show
 * it to others.
 */

const url = "https://acct1.blob.core.windows.net/inbox/film.mp4";
const id = "01a1fb9f-20ed-74d5-ab99-256a8184e096";
const sas = "sv=2026-02-06&se=2027-01-01&sr=b&sp=r&sig=canary%3D";

/** The spellings in which a SAS can be an argument. */
const spellings = {
  "a SAS": sas,
  "a SAS with its question mark": `?${sas}`,
  "a URL with a SAS": `${url}?${sas}`,
  "a URL with an encoded SAS": `${url}%3F${encodeURIComponent(sas)}`,
  "a name and a SAS": `team=${sas}`,
};

/** A shell that collects both streams. Standard input is empty. */
function createShell() {
  const written: string[] = [];
  const stream = () => {
    const collector = Object.assign(new PassThrough(), { isTTY: false });
    collector.on("data", (chunk: Buffer) => written.push(chunk.toString()));
    return collector as never; // only `write` is used
  };
  const stdin = Object.assign(new PassThrough(), { isTTY: false });
  stdin.end();
  const shell: Shell = {
    env: { FERRY_URL: "https://ferry.example" },
    home: "/nonexistent",
    userId: null,
    stdin: stdin as never, // only read as a stream
    stdout: stream(),
    stderr: stream(),
    onInterrupt: () => () => {},
  };
  return { shell, printed: () => written.join("") };
}

/** An app that rejects each request, and quotes all of it. */
function rejectAll() {
  return vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const texts = [input, init?.body, ...new Headers(init?.headers).values()];
    const quoted = texts.filter((each) => typeof each === "string");
    const problem = {
      type: "urn:ferry:problem:invalid-request",
      title: "The request is not valid",
      status: 400,
      detail: quoted.join(" "),
      fix: quoted.join(" "),
      errors: [{ pointer: "/source", message: quoted.join(" ") }],
    };
    const headers = { "content-type": "application/problem+json" };
    return Promise.resolve(new Response(JSON.stringify(problem), { status: 400, headers }));
  });
}

afterEach(() => {
  vi.restoreAllMocks();
});

type Leaf = { path: string[]; command: Command };

/** The commands that can be run. */
function leavesOf(command: Command, path: readonly string[] = []): Leaf[] {
  return command.commands.flatMap((each) => {
    const at = [...path, each.name()];
    return each.commands.length === 0 ? [{ path: at, command: each }] : leavesOf(each, at);
  });
}

const leaves = leavesOf(createProgram(async () => {}, createShell().shell, false));

/** The command lines of a command with `text` as one of its arguments: each position, each flag, and one too many. */
function linesWith({ path, command }: Leaf, text: string): string[][] {
  const valid = command.registeredArguments.map((argument) => {
    if (argument.name() === "id") return id;
    return argument.argChoices?.[0] ?? url;
  });
  const positions = [...valid.keys(), valid.length].map((at) => valid.toSpliced(at, 1, text));
  const flags = command.options.flatMap(({ long, required, optional }) => {
    const name = long ?? "";
    return [[`${name}=${text}`], ...(required || optional ? [[name, text]] : [])];
  });
  return [
    ...positions,
    // A second id has another place in some commands.
    [...valid, text, id],
    ...[...flags, [`--${text}`], [`--unknown=${text}`]].map((flag) => [...valid, ...flag]),
  ].map((line) => [...path, ...line]);
}

/** Command lines that match no command. */
function linesWithout(text: string): string[][] {
  return [
    [text],
    [`--${text}`],
    ["help", text],
    ["job", text],
    ["job", "help", text],
    ["jobs", text],
    ["--url", text, "list"],
  ];
}

async function printedBy(args: readonly string[]): Promise<string> {
  const { shell, printed } = createShell();
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  await runCli(args, shell);
  return printed() + JSON.stringify(log.mock.calls);
}

test("the tree has all commands", () => {
  expect(leaves.map(({ path }) => path.join(" "))).toEqual(
    expect.arrayContaining(["copy", "show", "abort", "retry", "wait", "list", "job start"]),
  );
  expect(leaves.length).toBeGreaterThanOrEqual(16);
});

test.each(leaves.map((leaf) => [leaf.path.join(" "), leaf] as const))(
  "ferry %s prints no SAS, whichever argument it is",
  { timeout: 120_000 },
  async (_, leaf) => {
    rejectAll();
    for (const [name, text] of Object.entries(spellings)) {
      for (const args of linesWith(leaf, text)) {
        for (const more of [[], ["--json"]]) {
          const line = [...args, ...more];
          expect([name, line, await printedBy(line)]).toEqual([
            name,
            line,
            expect.not.stringContaining("canary"),
          ]);
        }
      }
    }
  },
);

test.each(Object.entries(spellings))("no unknown command prints %s", async (_, text) => {
  for (const args of linesWithout(text)) {
    for (const more of [[], ["--json"]]) {
      expect([args, await printedBy([...args, ...more])]).toEqual([
        args,
        expect.not.stringContaining("canary"),
      ]);
    }
  }
});

test.each([
  "show",
  "abort",
  "retry",
  "wait",
  "job show",
  "job wait",
  "job abort",
  "job pause",
  "job resume",
  "job run",
  "job delete",
])("ferry %s reports that a SAS is not an id, without printing it", async (command) => {
  const message =
    /^ferry: (\(not shown\): )?Cannot use the id because it has characters that no id/;
  expect(await printedBy([...command.split(" "), sas])).toMatch(message);
});

test("an id that the app does not know is printed, so that a script can find the failure", async () => {
  rejectAll();
  expect(await printedBy(["show", id])).toMatch(new RegExp(`^ferry: ${id}: The request is not`));
  expect(await printedBy(["job", "show", id, "--json"])).toContain(`{"error":{"id":"${id}",`);
  expect(await printedBy(["show", "../health"])).toMatch(/^ferry: \.\.\/health: Cannot use the id/);
});
