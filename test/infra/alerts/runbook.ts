/** An alert as the table in RUNBOOK.md describes it; times in minutes. */
export type RunbookEntry = { name: string; severity: number; frequency: number; window: number };

const parts = ["It means", "Read", "Do"];

/** The alerts in the table of the runbook. */
export function readRunbook(text: string): RunbookEntry[] {
  return [
    ...text.matchAll(/^\| \[`([\w-]+)`\]\(#\1\) +\| (\d) +\| (\d+) min +\| (\d+) min +\|/gm),
  ].map(([, name = "", severity, frequency, window]) => ({
    name,
    severity: Number(severity),
    frequency: Number(frequency),
    window: Number(window),
  }));
}

/** One sentence for each part that the section of an alert lacks. */
export function sectionProblems(text: string, name: string): string[] {
  const section = text.split(/^## /m).find((one) => one.startsWith(`${name}\n`)) ?? "";
  return parts
    .filter((part) => !section.includes(`**${part}:**`))
    .map((part) => `RUNBOOK.md has no "${part}" for ${name}`);
}
