import type { Node } from "./kusto.ts";
import { tables } from "./tables.ts";

/** A column of a log line that a query reads as `<conversion>(line.<column>)`; `null`: without a conversion. */
export type ColumnUse = { event: string; column: string; conversion: string | null };

/** A value that a query compares a column of a log line with. */
export type Comparison = { event: string; column: string; value: string | boolean };

export type QueryReading = {
  /** The events whose lines the query reads. */
  events: string[];
  columns: ColumnUse[];
  comparisons: Comparison[];
  /** One sentence for each part that does not follow the conventions and can therefore not be checked. */
  problems: string[];
};

/** One pipeline: the event whose lines it reads, and which of its own columns are columns of the line. */
type Scope = { event: string; aliases: Map<string, string> };

const conversions = ["tostring", "tolong", "todouble", "tobool", "todatetime", "todynamic"];

/**
 * Collects the log lines and their columns that a query reads. Every pipeline over a table must begin with
 * `| where Message startswith '{"event":"<event>"'`, and must call the parsed line `line`.
 */
export function readQuery(root: Node): QueryReading {
  const reading: QueryReading = { events: [], columns: [], comparisons: [], problems: [] };
  const variables = new Map<string, Scope | null>();

  function visit(node: Node, scope: Scope | null): void {
    switch (node.type) {
      case "LetStatement": {
        const [name, value] = [find(node, "NameDeclaration")?.text ?? "", node.children.at(-1)];
        if (value !== undefined) variables.set(name, visitPipeline(value, null));
        return;
      }
      case "PipeExpression":
        visitPipeline(node, scope);
        return;
      case "SimpleNamedExpression": {
        const [name, , value] = node.children;
        const column = value === undefined ? null : columnOf(value, null);
        if (scope !== null && name !== undefined && column !== null)
          scope.aliases.set(name.text, column);
        break;
      }
      case "BinaryExpression":
        addComparison(node, scope);
        break;
      case "FunctionCallExpression":
      case "PathExpression":
        if (addUse(node, scope)) return;
        break;
      case "ElementExpression":
        if (node.text.startsWith("line"))
          reading.problems.push(`Write ${node.text} as line.<column>`);
        break;
    }
    for (const child of node.children) visit(child, scope);
  }

  function visitPipeline(node: Node, outer: Scope | null): Scope | null {
    const [source, ...operators] = flatten(node);
    if (source === undefined) return null;
    let scope = outer;
    if (source.type === "NameReference") {
      if (source.text in tables) scope = openScope(source.text, operators[0]);
      else if (variables.has(source.text)) scope = variables.get(source.text) ?? null;
    } else visit(source, outer);
    for (const operator of operators) visit(operator, scope);
    return scope;
  }

  function openScope(table: string, first: Node | undefined): Scope | null {
    const event = /^where Message startswith '\{"event":"([\w.]+)"'$/.exec(first?.text ?? "")?.[1];
    if (event === undefined) {
      reading.problems.push(
        `Begin the pipeline over ${table} with | where Message startswith '{"event":"<event>"'`,
      );
      return null;
    }
    if (!reading.events.includes(event)) reading.events.push(event);
    return { event, aliases: new Map() };
  }

  /** Returns whether the node is a column of the line, with its conversion. */
  function addUse(node: Node, scope: Scope | null): boolean {
    const column = columnOf(node, null);
    if (column === null) return false;
    if (scope === null)
      reading.problems.push(`${node.text} is not read from the lines of one event`);
    else reading.columns.push({ event: scope.event, column, conversion: conversionOf(node) });
    return true;
  }

  function addComparison(node: Node, scope: Scope | null): void {
    const [left, operator, right] = node.children;
    if (left === undefined || right === undefined || !["==", "!="].includes(operator?.text ?? ""))
      return;
    const column = columnOf(left, scope);
    const value = /^(?:"([^"]*)"|'([^']*)'|(true|false))$/.exec(right.text);
    if (scope === null || column === null || value === null) return;
    const [, double, single, bool] = value;
    const literal = bool === undefined ? (double ?? single ?? "") : bool === "true";
    reading.comparisons.push({ event: scope.event, column, value: literal });
  }

  visit(root, null);
  return reading;
}

/** The column of the line that an expression is, or `null`; `scope`: the names that are columns of the line. */
function columnOf(node: Node, scope: Scope | null): string | null {
  if (node.type === "NameReference") return scope?.aliases.get(node.text) ?? null;
  const path = conversionOf(node) === null ? node : find(node, "PathExpression");
  return /^line\.(\w+)$/.exec(path?.text ?? "")?.[1] ?? null;
}

function conversionOf(node: Node): string | null {
  const match = /^(\w+)\(line\.\w+\)$/.exec(node.text);
  return match !== null && conversions.includes(match[1] ?? "") ? (match[1] ?? null) : null;
}

/** The source of a pipeline, and its operators in order. */
function flatten(node: Node): Node[] {
  if (node.type !== "PipeExpression") return [node];
  const [left, , operator] = node.children;
  return [
    ...(left === undefined ? [] : flatten(left)),
    ...(operator === undefined ? [] : [operator]),
  ];
}

function find(node: Node, type: string): Node | undefined {
  if (node.type === type) return node;
  for (const child of node.children) {
    const found = find(child, type);
    if (found !== undefined) return found;
  }
  return undefined;
}
