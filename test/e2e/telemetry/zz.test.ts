import { test } from "vitest";
import { alertScenarios, usualScenario, playScenario } from "../../support/telemetry/alert-scenarios.ts";
import { readLines } from "../../support/telemetry/lines.ts";
test.each(Object.entries({ ...alertScenarios, usual: usualScenario }))("%s", async (name, s) => {
  const { log } = await playScenario(s);
  const lines = readLines(log).filter(({ event, line }) => event !== "ferry.watchdog.ran" || line["outbox"] > 0 || line["stuck"] > 0);
  const seen: Record<string, number> = {};
  for (const l of lines) { seen[l.event] = (seen[l.event] ?? 0) + 1; if (seen[l.event]! < 4) console.log(name, l.event, l.level, JSON.stringify(l.line)); }
  console.log(name, JSON.stringify(seen), log.filter(({ level }) => level === "error").map((e) => e.message).slice(0, 3));
});
