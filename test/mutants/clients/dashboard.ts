import type { Mutant } from "../mutant.ts";

const names = "test/unit/dashboard/names.test.ts";
const listing = "test/unit/dashboard/listing.test.ts";
const throughput = "test/unit/dashboard/throughput.test.ts";
const form = "test/unit/dashboard/start-request.test.ts";
const copied = "test/unit/dashboard/copied-bytes.test.ts";
const address = "test/unit/dashboard/address.test.ts";
const rows = "test/unit/dashboard/rows.test.ts";
const files = "test/e2e/dashboard/page-files.test.ts";

/** Mistakes in the dashboard. What only a browser notices is not here, because `npm test` needs none. */
export const dashboardMutants: readonly Mutant[] = [
  {
    breaks: "the plot spreads bytes over the time until the page has received them",
    file: "src/dashboard/page/state/copied-bytes.ts",
    find: "const readAt = readTime(row) ?? now;",
    replace: "const readAt = now ?? readTime(row);",
    suites: [copied],
  },
  {
    breaks: "the plot counts the times of one copy twice if the clock of the browser is wrong",
    file: "src/dashboard/page/state/copied-bytes.ts",
    find: "from: Math.max(to - took, countedTo ?? 0), to",
    replace: "from: to - took, to",
    suites: [copied],
  },
  {
    breaks: "a list that was read before the latest poll takes a copy back on the page",
    file: "src/dashboard/page/state/rows.ts",
    find: "Date.parse(readAt) < Date.parse(knownReadAt)",
    replace: "Date.parse(readAt) < 0",
    suites: [rows],
  },
  {
    breaks: "a copy that was retried twice leads only to its last retry",
    file: "src/dashboard/page/state/rows.ts",
    find: "set(retryOf, [...known, id])",
    replace: "set(retryOf, [id])",
    suites: [rows],
  },
  {
    breaks: "the number of the chosen status is not that of the list",
    file: "src/dashboard/page/state/listing.ts",
    find: "[status]: listed",
    replace: "[status]: known[status] + 0 * listed",
    suites: [listing],
  },
  {
    breaks: "the page overwrites an address that the reader has just changed",
    file: "src/dashboard/page/api/address.ts",
    find: "if (selected === written) return;",
    replace: "if (selected === written && bar.hash() === `#copy=${selected}`) return;",
    suites: [address],
  },
  {
    breaks: "a copy that a filter hides never ends on the page",
    file: "src/dashboard/page/state/rows.ts",
    find: 'const hasRunning = status === "all" || status === "running";',
    replace: "const hasRunning = status !== null;",
    suites: [rows],
  },
  {
    breaks: "a problem in the further options does not name its option",
    file: "src/dashboard/page/state/start-request.ts",
    find: 'return fieldOf(pointer) === "options" && option !== "" ? `${option}: ${message}` : message;',
    replace: "return option === null ? option : message;",
    suites: [form],
  },
  {
    breaks: "a right-to-left override in a name acts on the page",
    file: "src/dashboard/page/text/names.ts",
    find: "if (shapeless.test(char) || otherSpace.test(char) || slash.test(char))",
    replace: "if (otherSpace.test(char) || slash.test(char))",
    suites: [names],
  },
  {
    breaks: "a Cyrillic letter in a Latin word has no mark on the page",
    file: "src/dashboard/page/text/names.ts",
    find: "const isMixed = latin.test(word) && cousins.test(word);",
    replace: "const isMixed = latin.test(word) && !latin.test(word);",
    suites: [names],
  },
  {
    breaks: "a backslash in a name looks like the beginning of a code",
    file: "src/dashboard/page/text/names.ts",
    find: 'if (char === "\\\\") return "\\\\\\\\";',
    replace: 'if (char === "\\\\") return "\\\\";',
    suites: [names],
  },
  {
    breaks: "the list of the page has another order than that of the app",
    file: "src/dashboard/page/state/listing.ts",
    find: "return one < other ? -1 : one > other ? 1 : 0;",
    replace: "return one < other ? 1 : one > other ? -1 : 0;",
    suites: [listing],
  },
  {
    breaks: "a copy that was started on the page disappears for a moment",
    file: "src/dashboard/page/state/listing.ts",
    find: "mergeIds(mergeIds(read, started), older)",
    replace: "mergeIds(read, older)",
    suites: [listing],
  },
  {
    breaks: "the page keeps copies that were deleted",
    file: "src/dashboard/page/state/listing.ts",
    find: "newestFirst(id, oldest) > 0)",
    replace: "newestFirst(id, oldest) !== 0)",
    suites: [listing],
  },
  {
    breaks: "a list that was read before a copy ended makes it run again on the page",
    file: "src/dashboard/page/state/rows.ts",
    find: "if (hasEnded(known)) return true;",
    replace: "if (hasEnded(known)) return item.id === known.status;",
    suites: [listing],
  },
  {
    breaks: "bytes that were copied before the page was opened count",
    file: "src/dashboard/page/state/throughput.ts",
    find: "const begin = Math.max(from, openedAt);",
    replace: "const begin = Math.max(from, 0);",
    suites: [throughput],
  },
  {
    breaks: "problems of options without a field of their own are not shown at the form",
    file: "src/dashboard/page/state/start-request.ts",
    find: 'if (first !== "options") return null;',
    replace: 'if (first !== "options" || second === "tags") return null;',
    suites: [form],
  },
  {
    breaks: "a page of another site can frame the dashboard",
    file: "src/dashboard/serve-page.ts",
    find: `  "frame-ancestors 'none'",\n`,
    replace: "",
    suites: [files],
  },
  {
    breaks: "browsers keep an old version of the page",
    file: "src/dashboard/serve-page.ts",
    find: "return known.includes(etag)",
    replace: "return known.length > 0",
    suites: [files],
  },
  {
    breaks: "a name of the prototype is a file of the dashboard",
    file: "src/dashboard/serve-page.ts",
    find: "return Object.hasOwn(types, name);",
    replace: "return name in types;",
    suites: [files],
  },
];
