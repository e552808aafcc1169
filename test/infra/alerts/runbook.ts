/** An alert as the table in RUNBOOK.md describes it; times in minutes. */
export type RunbookEntry = { name: string; severity: number; frequency: number; window: number };

/** The alerts in the table of the runbook, each of which must also have a section. */
export function readRunbook(text: string): RunbookEntry[] {
  const rows = [
    ...text.matchAll(/^\| \[`([\w-]+)`\]\(#([\w-]+)\) +\| (\d) +\| (\d+) min +\| (\d+) min +\|/gm),
  ];
  return rows.map(([, name = "", anchor, severity, frequency, window]) => {
    if (anchor !== name) throw new Error(`Cannot link ${name} because its anchor is ${anchor}`);
    for (const part of ["It means", "Read", "Do"]) {
      if (!sectionOf(text, name).includes(`**${part}**`))
        throw new Error(`Cannot use the runbook because ${name} has no part "${part}"`);
    }
    return {
      name,
      severity: Number(severity),
      frequency: Number(frequency),
      window: Number(window),
    };
  });
}

/** The section of an alert, without its heading. */
export function sectionOf(text: string, name: string): string {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${name}\n`));
  if (section === undefined)
    throw new Error(`Cannot use the runbook because it has no "## ${name}"`);
  return section.slice(name.length + 1);
}
