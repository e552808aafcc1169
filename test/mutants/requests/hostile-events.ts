import type { Mutant } from "../mutant.ts";

const hostileEvents = "test/contract/triggers/hostile-events.test.ts";

/** Mistakes in the limits on the memory and the texts that the sender of an event causes. */
export const hostileEventMutants: readonly Mutant[] = [
  {
    breaks: "the process keeps the text of every event that it could not use",
    file: "src/triggers/events/bounded-set.ts",
    find: 'return createHash("sha256").update(text).digest("base64");',
    replace: 'return text.length < 0 ? createHash("sha256").digest("base64") : text;',
    suites: [hostileEvents],
  },
  {
    breaks: "a problem names every character of a text",
    file: "src/copy/location/characters.ts",
    find: "found.slice(0, maxNamedCharacters)",
    replace: "found.slice(0, maxNamedCharacters * 10_000)",
    suites: [hostileEvents],
  },
  {
    breaks: "an event of a container without an encoding fails, and is delivered repeatedly",
    file: "src/copy/routing/storage-event.ts",
    find: "/\\p{Surrogate}/u.test(place.container)",
    replace: "/\\p{Surrogate}/u.test(place.root)",
    suites: [hostileEvents],
  },
];
