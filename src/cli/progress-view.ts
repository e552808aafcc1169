import { MultiBar } from "cli-progress";
import type { Copy } from "../client/ferry.ts";
import { printable } from "../copy/printable.ts";
import { describeProgress, describeRate, formatBytes } from "./describe-copy.ts";
import type { Output } from "./output.ts";
import type { Shell } from "./shell.ts";

/** Shows the progress of copies. */
export type ProgressView = {
  update(copy: Copy): void;
  /** The copy is not shown any more. */
  remove(id: string): void;
  /** Removes the bars from the terminal, until they are shown again. */
  hide(): void;
  show(): void;
};

/** Bars on a terminal; otherwise one line for each change. With `isMany`, lines begin with the copy's id. */
export function createProgressView(
  { env, stdout, stderr }: Pick<Shell, "env" | "stdout" | "stderr">,
  output: Output,
  isMany: boolean,
): ProgressView {
  // With JSON, results go to standard output, and the bars do not disturb them.
  const canDraw = stderr.isTTY && env["TERM"] !== "dumb";
  if (canDraw && (stdout.isTTY || output.isJson)) return bars(stderr, output, isMany);
  const last = new Map<string, string>();
  return {
    update(copy) {
      const line = describeProgress(copy);
      if (last.get(copy.id) !== line) output.line(isMany ? `${copy.id}  ${line}` : line);
      last.set(copy.id, line);
    },
    remove: (id) => void last.delete(id),
    hide() {},
    show() {},
  };
}

/** The columns of a line without its bar, at most. */
const columnsOfOne = 66;
const columnsOfMany = 80;

function bars(stderr: Shell["stderr"], output: Output, isMany: boolean): ProgressView {
  const running = new Map<string, Copy>();
  let multi: MultiBar | null = null;
  let byId = new Map<string, ReturnType<MultiBar["create"]>>();
  const draw = (copy: Copy) => {
    multi ??= new MultiBar({
      format: isMany
        ? "{id} {status} {bar} {percent} | {rate}"
        : "{status} {bar} {percent} | {bytes} | {rate}",
      // A longer line would be cut off.
      barsize: Math.max(
        8,
        Math.min(40, (stderr.columns || 80) - (isMany ? columnsOfMany : columnsOfOne)),
      ),
      stream: stderr,
      hideCursor: true,
      clearOnComplete: true,
      // The program has its own handler for Ctrl-C.
      gracefulExit: false,
    });
    const total = Math.max(1, copy.progress?.totalBytes ?? 1);
    const bar = byId.get(copy.id) ?? multi.create(total, 0, payloadOf(copy));
    byId.set(copy.id, bar);
    bar.setTotal(total);
    bar.update(copy.progress?.bytesCopied ?? 0, payloadOf(copy));
  };
  const hide = () => {
    multi?.stop();
    multi = null;
    byId = new Map();
  };
  let isHidden = false;
  return {
    update(copy) {
      const { id, warning } = copy;
      if (warning !== null && warning !== running.get(id)?.warning) {
        hide();
        output.note(isMany ? `${id}  ${warning}` : warning);
        if (!isHidden) for (const each of running.values()) draw(each);
      }
      running.set(id, copy);
      if (!isHidden) draw(copy);
    },
    remove: (id) => void running.delete(id),
    hide() {
      isHidden = true;
      hide();
    },
    show() {
      isHidden = false;
      for (const copy of running.values()) draw(copy);
    },
  };
}

function payloadOf({ id, status, progress }: Copy) {
  const done = progress?.bytesCopied ?? 0;
  return {
    id: printable(id),
    status: status.padEnd(9),
    percent: `${(progress?.percent ?? 0).toFixed(1)} %`.padStart(7),
    bytes: progress === null ? "-" : `${formatBytes(done)}/${formatBytes(progress.totalBytes)}`,
    rate: progress === null ? "" : describeRate(progress),
  };
}
