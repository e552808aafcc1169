import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestStack } from "./test-stack.ts";

/** Everything that outlives a request, by its location. */
export type StoredTexts = ReadonlyMap<string, Buffer>;

/** Files, logs, responses, histories. The sealing key of `npm start` has its own file by design, which is left out. */
export async function collectStored(
  stack: TestStack,
  responses: readonly string[],
): Promise<Map<string, Buffer>> {
  const stored = new Map<string, Buffer>();
  stored.set("answers", Buffer.from(responses.join("\n")));
  stored.set("log", Buffer.from(JSON.stringify(stack.log)));
  stored.set("the emulator's record", Buffer.from(JSON.stringify(stack.local.emulator.requests)));
  const instances = `${stack.local.host.url}/runtime/webhooks/durabletask/instances/`;
  const list = await (await fetch(instances)).text();
  stored.set("instances", Buffer.from(list));
  for (const { instanceId } of JSON.parse(list)) {
    const query = "?showHistory=true&showHistoryOutput=true&showInput=true";
    const history = await (await fetch(`${instances}${instanceId}${query}`)).text();
    stored.set(`history of ${instanceId}`, Buffer.from(history));
  }
  const directory = stack.stateDirectory ?? "";
  for (const name of readdirSync(directory)) {
    if (name !== "copy-secret-key") stored.set(`file ${name}`, readFileSync(join(directory, name)));
  }
  return stored;
}

/** The locations that contain a secret, each with the encoding that was found. */
export function findSecret(secret: string, stored: StoredTexts): string[] {
  return encodings(secret).flatMap((shape) =>
    [...stored].filter(([, bytes]) => bytes.includes(shape)).map(([place]) => `${place}: ${shape}`),
  );
}

/**
 * The encodings of a secret to search for: plain, in a URL, inside JSON, as bytes, or in base64 at each of its
 * three alignments.
 */
function encodings(secret: string): string[] {
  const encoded = encodeURIComponent(secret);
  const bytes = Buffer.from(secret);
  const base64 = ["", "x", "xx"].map((before) => {
    const whole = Buffer.from(before + secret).toString("base64");
    return whole.slice(before.length === 0 ? 0 : 4, -4); // the first and last characters contain bits of neighbors
  });
  return [
    secret,
    encoded,
    encoded.replaceAll(/%../g, (code) => code.toLowerCase()),
    encodeURIComponent(encoded),
    JSON.stringify(secret).slice(1, -1).replaceAll("/", "\\/"),
    Buffer.from(secret, "utf16le").toString("latin1"),
    bytes.toString("hex"),
    [...bytes].join(","),
    ...base64,
    ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
  ];
}
