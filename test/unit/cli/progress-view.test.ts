import { PassThrough } from "node:stream";
import { expect, onTestFinished, test, vi } from "vitest";
import { createOutput } from "../../../src/cli/output.ts";
import { progressOfCopy } from "../../../src/cli/describe-copy.ts";
import { createProgressView } from "../../../src/cli/watch/progress-view.ts";
import { copyBody } from "../../support/cli/fixed-app.ts";

/* The bars of a terminal. */

/** A view on a terminal, and its output there. */
function startView(isMany: boolean) {
  vi.useFakeTimers(); // the bars are drawn by a timer
  onTestFinished(() => void vi.useRealTimers());
  const tty = () => Object.assign(new PassThrough(), { isTTY: true, columns: 200 });
  const [stdout, stderr] = [tty(), tty()];
  const shell = { env: {}, stdout, stderr } as never; // only these are used
  const view = createProgressView(shell, createOutput(shell, false), isMany);
  return { view, written: () => String(stderr.read() ?? "") };
}

/** Removes the escapes of the bars: those that move or hide the cursor, and those that erase a line or wrap it. */
const withoutCursor = (text: string) => text.replace(/\u001b\[(\d*[A-HJK]|0m|\?(25|7)[hl])/g, "");

const attack = "copying\u001b]0;pwned\u0007\u009b31m\u202e";

test.each([true, false])(
  "on a terminal, no text of a server acts on it, in any field; of many: %s",
  (isMany) => {
    const at = { estimatedCompletion: null, readAt: null };
    const progress = { bytesCopied: 5, totalBytes: 10, percent: 50, bytesPerSecond: 1, ...at };
    for (const body of [
      { status: attack, progress },
      { id: attack, status: "copying", progress: null },
      { status: "copying", warning: attack, progress: null },
    ]) {
      const { view, written } = startView(isMany);
      view.update(progressOfCopy(copyBody(body) as never)); // a server that is not Ferry
      vi.advanceTimersByTime(1_000);
      view.hide();
      const shown = withoutCursor(written());
      expect(shown).not.toMatch(/[^\r\n\u0020-\u007e]/);
      expect(shown).toContain("copying");
    }
  },
);
