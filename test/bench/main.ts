import { compareEngines } from "./engine-rounds.ts";
import { tableText } from "./table.ts";

/** `npm run bench`: measures, prints tables, and fails only when something came out wrong. */
console.log(tableText(await compareEngines()));
