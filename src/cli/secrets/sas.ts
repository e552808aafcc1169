import { hasSecret } from "./secret-queries.ts";
import type { Shell } from "../shell.ts";
import { UsageError } from "../usage-error.ts";

/** Where a side's SAS is read from: never an argument, because every user of a machine can read arguments. */
export type SasFlags = {
  sourceSasEnv?: string;
  destinationSasEnv?: string;
  sourceSasStdin?: boolean;
  destinationSasStdin?: boolean;
};

type Side = "source" | "destination";

const maxInputBytes = 64 * 1_024;

/** Returns the URLs with their SAS. If standard input has both, the source's is the first line. */
export async function addSas(
  urls: { source: string; destination: string | undefined },
  flags: SasFlags,
  { env, stdin }: Pick<Shell, "env" | "stdin">,
): Promise<{ source: string; destination?: string }> {
  const { source, destination } = urls;
  for (const url of [source, destination]) if (url !== undefined) rejectSas(url);
  if (flags.destinationSasEnv !== undefined || flags.destinationSasStdin === true) {
    if (destination === undefined) {
      throw new UsageError(
        "Cannot use a SAS of the destination because the route sets the destination",
      );
    }
  }
  const isRead = flags.sourceSasStdin === true || flags.destinationSasStdin === true;
  const lines = isRead ? await readLines(stdin) : [];
  const sasOf = (side: Side, name: string | undefined, fromStdin: boolean) => {
    if (name !== undefined && fromStdin) {
      throw new UsageError(
        `Cannot take the SAS of the ${side} from two places: --${side}-sas-env and --${side}-sas-stdin`,
      );
    }
    if (name !== undefined) return readVariable(env, name, side);
    return fromStdin ? parseSas(lines.shift(), side, "standard input") : null;
  };
  const sourceSas = sasOf("source", flags.sourceSasEnv, flags.sourceSasStdin === true);
  const ofDestination = flags.destinationSasStdin === true;
  const destinationSas = sasOf("destination", flags.destinationSasEnv, ofDestination);
  if (lines.length > 0) {
    throw new UsageError("Cannot use standard input because it has more lines than SAS are needed");
  }
  return {
    source: join(source, sourceSas),
    ...(destination === undefined ? {} : { destination: join(destination, destinationSas) }),
  };
}

/** Rejects a URL with a secret: a SAS, or the query of a signed URL outside Storage. */
export function rejectSas(url: string): void {
  if (!hasSecret(url)) return;
  throw new UsageError(
    "Cannot take a SAS or another secret from the arguments because other users of this machine can read them",
    "Use --source-sas-env NAME, --source-sas-stdin, or the same for the destination; the secret in this call is no longer secret",
  );
}

function join(url: string, sas: string | null): string {
  return sas === null ? url : `${url}${url.includes("?") ? "&" : "?"}${sas}`;
}

/** Does not quote a name that may be a SAS: the shell replaces `--source-sas-env $NAME` with the value. */
function readVariable(env: Shell["env"], name: string, side: Side): string {
  const sas = env[name];
  if (sas === undefined && !/^\w{1,64}$/.test(name)) {
    throw new UsageError(
      `Cannot use the SAS of the ${side} because the argument of --${side}-sas-env is not the name of a variable`,
      `Write the name without a dollar sign, such as --${side}-sas-env NAME; if the argument was a SAS, it is no longer secret`,
    );
  }
  if (sas === undefined) {
    throw new UsageError(
      `Cannot use the SAS of the ${side} because the variable ${name} is not set`,
      `Set it and export it: read -rs ${name} && export ${name}`,
    );
  }
  return parseSas(sas, side, `the variable ${name}`);
}

/** Does not quote the text, which may be another secret. */
function parseSas(text: string | undefined, side: Side, place: string): string {
  const sas = (text ?? "").trim().replace(/^\?/, "");
  if (sas === "")
    throw new UsageError(`Cannot use the SAS of the ${side} because ${place} is empty`);
  // An account key also contains "=", and must not be sent.
  const isQuery = /^[\w.~%-]+=[\x21-\x7e]*$/.test(sas) && hasSecret(sas);
  if (!isQuery) {
    throw new UsageError(
      `Cannot use the SAS of the ${side} because ${place} contains no SAS`,
      "A SAS is a text such as sv=…&se=…&sp=r&sig=…, without the URL before it; for a signed URL outside Storage, use its query",
    );
  }
  return sas;
}

async function readLines(stdin: Shell["stdin"]): Promise<string[]> {
  if (stdin.isTTY) {
    throw new UsageError(
      "Cannot read the SAS because standard input is a terminal, which would show it",
      "Pipe it into the program",
    );
  }
  let text = "";
  stdin.setEncoding("utf8");
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.length > maxInputBytes) {
      throw new UsageError("Cannot read the SAS because standard input has more than 64 KiB");
    }
  }
  return text.split(/\r?\n/).filter((line) => line.trim() !== "");
}
