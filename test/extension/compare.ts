import { parityCalls } from "./parity/calls.ts";
import type { Api, ParityCall } from "./parity/calls.ts";
import { startAzurite } from "./support/processes/azurite.ts";
import { buildDurableHost } from "./support/processes/global-setup.ts";
import { ask, startLocalParityEngine, startRealParityEngine } from "./support/parity-engines.ts";
import { runFolder } from "./support/processes/paths.ts";

/*
 * Prints the responses of the real extension and of the local engine to the calls of parity/calls.ts:
 * `node test/extension/compare.ts [words]`. Words select calls whose names contain one of them.
 */

const words = process.argv.slice(2);
const chosen = Object.entries(parityCalls).filter(
  ([name]) => words.length === 0 || words.some((word) => name.includes(word)),
);
await buildDurableHost();
const azurite = await startAzurite(runFolder("azurite"));
const real = await startRealParityEngine(azurite.connection);
const local = await startLocalParityEngine();
const lines = await Promise.all(
  chosen.map(async ([name, call]) => {
    const [theirs, ours] = await Promise.all([text(real, call), text(local, call)]);
    if (theirs === ours) return `${name}: the same\n${theirs}\n`;
    return `${name}: DIFFERENT\n  extension: ${theirs}\n  local:     ${ours}\n`;
  }),
);
console.log(lines.join("\n"));
await Promise.all([real.close(), local.close()]);
await azurite.stop();
process.exit(0);

async function text(api: Api, call: ParityCall): Promise<string> {
  return await ask(api, call).then(JSON.stringify, String);
}
