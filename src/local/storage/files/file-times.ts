/** "2026-03-01T12:00:00.0000000Z": times of Azure Files have a resolution of 100 ns. `time` is epoch ms. */
export function formatFileTime(time: number): string {
  return new Date(time).toISOString().replace("Z", "0000Z");
}

/** Returns a UTC time in the format of Azure Files, or undefined if the text is not one. */
export function parseFileTime(text: string): string | undefined {
  const [, seconds, fraction = ""] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?Z$/.exec(text) ?? [];
  if (seconds === undefined || Number.isNaN(Date.parse(`${seconds}Z`))) return undefined;
  return `${seconds}.${fraction.padEnd(7, "0")}Z`;
}
