/** The exit codes of the program. `--help` prints the table below. */
export const exitCodes = {
  ok: 0,
  copyFailed: 1,
  usage: 2,
  copyAborted: 3,
  rejected: 4,
  noResponse: 5,
  paused: 6,
  bug: 70,
  stopped: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitCodeHelp = `
Exit codes:
  0    done; with --watch, and for wait: it succeeded, was skipped, or is planned
  1    with --watch, and for wait: the copy or job failed
  2    wrong arguments or settings; nothing was sent
  3    with --watch, and for wait: the copy or job was aborted
  4    Ferry rejected the request, or has no such copy or job
  5    no response, or one that is not Ferry's
  6    with --watch, and for wait: the job is paused
  70   a bug in this program
  130  Ctrl-C; copies and jobs that were started continue
Of several, the first that applies: 130, 70, 5, 4, 2, 1, 3, 6, 0.`;

const order: readonly ExitCode[] = [130, 70, 5, 4, 2, 1, 3, 6, 0];

/** The exit code for several copies or jobs. */
export function worstExitCode(codes: readonly ExitCode[]): ExitCode {
  return order.find((code) => codes.includes(code)) ?? exitCodes.ok;
}
