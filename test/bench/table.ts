/** A table: the first column names the measured values, every other column is one run. */
export type Table = {
  title: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  notes: readonly string[];
};

const width = 100;

/** Formats for a terminal: names left-aligned, values right-aligned, notes wrapped below. */
export function tableText({ title, columns, rows, notes }: Table): string {
  const all = [columns, ...rows];
  const widths = columns.map((_, index) =>
    Math.max(...all.map((cells) => (cells[index] ?? "").length)),
  );
  const line = (cells: readonly string[]) =>
    widths
      .map((size, index) => {
        const cell = cells[index] ?? "";
        return index === 0 ? cell.padEnd(size) : cell.padStart(size);
      })
      .join("  ")
      .trimEnd();
  const rule = "-".repeat(widths.reduce((sum, size) => sum + size + 2, -2));
  return [title, "", line(columns), rule, ...rows.map(line), "", ...notes.map(wrapped), ""].join(
    "\n",
  );
}

/** `1,234` or, below ten, `1.23`. */
export function count(value: number): string {
  const decimals = value === Math.round(value) || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

/** The median of an odd number of values; throws if there are none. */
export function median(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  if (middle === undefined) throw new Error("Cannot compute a median because there are no values");
  return middle;
}

function wrapped(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.length - 1;
    const longer = `${lines[last]}${lines[last] === "" ? "" : " "}${word}`;
    if (longer.length > width) lines.push(word);
    else lines[last] = longer;
  }
  return lines.join("\n");
}
