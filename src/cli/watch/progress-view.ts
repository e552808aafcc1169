import { MultiBar } from "cli-progress";
import { printable } from "../../copy/printable.ts";
import type { Output } from "../output.ts";
import type { Shell } from "../shell.ts";

/** The progress of one running copy or job. Any of the texts may come from a server. */
export type Progress = {
  id: string;
  /** The completed part, from 0 to 1. */
  done: number;
  /** The texts before and after the bar; `shortAfter` follows the bar if there are several bars. */
  before: string;
  after: string;
  shortAfter: string;
  /** The line that is printed instead of a bar. */
  line: string;
  /** Printed once, above the bars; null if there is none. */
  warning: string | null;
};

/** Shows progress. */
export type ProgressView = {
  update(progress: Progress): void;
  /** Removes its bar. */
  remove(id: string): void;
  /** Removes the bars from the terminal until the next update. */
  hide(): void;
  show(): void;
};

/** Bars on a terminal; otherwise one line for each change. With `isMany`, lines begin with the id. */
export function createProgressView(
  { env, stdout, stderr }: Pick<Shell, "env" | "stdout" | "stderr">,
  output: Output,
  isMany: boolean,
): ProgressView {
  // With JSON, results go to standard output, and standard error is free for the bars.
  const canDraw = stderr.isTTY && env["TERM"] !== "dumb";
  if (canDraw && (stdout.isTTY || output.isJson)) return bars(stderr, output, isMany);
  const last = new Map<string, string>();
  return {
    update({ id, line }) {
      if (last.get(id) !== line) output.line(isMany ? `${id}  ${line}` : line);
      last.set(id, line);
    },
    remove: (id) => void last.delete(id),
    hide() {},
    show() {},
  };
}

const minBarColumns = 8;
const maxBarColumns = 40;
/** The maximum number of columns next to the bar; a longer line would be cut off. */
const columnsOfOne = 66;
const columnsOfMany = 80;

function bars(stderr: Shell["stderr"], output: Output, isMany: boolean): ProgressView {
  const running = new Map<string, Progress>();
  let multi: MultiBar | null = null;
  let byId = new Map<string, ReturnType<MultiBar["create"]>>();
  const columns = (stderr.columns || 80) - (isMany ? columnsOfMany : columnsOfOne);
  const barColumns = Math.max(minBarColumns, Math.min(maxBarColumns, columns));
  const draw = (progress: Progress) => {
    multi ??= new MultiBar({
      // The whole line is escaped: its texts may come from a server.
      format: (_, params, { id, before, after, shortAfter }: Progress) => {
        const full = Math.round(params.progress * barColumns);
        const bar = "=".repeat(full) + "-".repeat(barColumns - full);
        const line = `${before} ${bar} ${isMany ? shortAfter : after}`;
        return printable((isMany ? `${id} ${line}` : line).trimEnd());
      },
      stream: stderr,
      hideCursor: true,
      clearOnComplete: true,
      // The program has its own handler for Ctrl-C.
      gracefulExit: false,
    });
    const bar = byId.get(progress.id) ?? multi.create(1, 0, progress);
    byId.set(progress.id, bar);
    bar.update(progress.done, progress);
  };
  const hide = () => {
    multi?.stop();
    multi = null;
    byId = new Map();
  };
  let isHidden = false;
  return {
    update(progress) {
      const { id, warning } = progress;
      if (warning !== null && warning !== running.get(id)?.warning) {
        hide();
        output.note(isMany ? `${id}  ${warning}` : warning);
        if (!isHidden) for (const each of running.values()) draw(each);
      }
      running.set(id, progress);
      if (!isHidden) draw(progress);
    },
    remove: (id) => void running.delete(id),
    hide() {
      isHidden = true;
      hide();
    },
    show() {
      isHidden = false;
      for (const progress of running.values()) draw(progress);
    },
  };
}
