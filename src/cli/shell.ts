import type { ReadStream, WriteStream } from "node:tty";

/** The parts of the process that the program uses. */
export type Shell = {
  env: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  home: string;
  /** The user's id; null on Windows, which has none. */
  userId: number | null;
  stdin: Pick<ReadStream, "isTTY"> & NodeJS.ReadStream;
  stdout: Pick<WriteStream, "isTTY"> & NodeJS.WriteStream;
  stderr: Pick<WriteStream, "isTTY"> & NodeJS.WriteStream;
  /** Calls `handler` for each SIGINT, until the returned function is called. */
  onInterrupt(handler: () => void): () => void;
};
