import { createRequire } from "node:module";
import { tables } from "./tables.ts";

/*
 * Microsoft's parser of KQL. It is compiled from C# with Bridge.NET, and its files add globals to the process instead of
 * exporting anything. The types below are the part of it that is used: its own types declare every value as nullable.
 */

type List<T> = { Count: number; getItem(index: number): T };
type Diagnostic = { Code: string; Message: string; Start: number };
type Column = { Name: string; Type: { Name: string } };
type KustoCode = {
  Syntax: SyntaxElement;
  ResultType: { Columns?: List<Column> } | null;
  GetDiagnostics(): List<Diagnostic>;
};
type GlobalState = { WithDatabase(database: unknown): GlobalState };
type Kusto = {
  Language: {
    KustoCode: { ParseAndAnalyze(text: string, globals: GlobalState): KustoCode };
    GlobalState: { Default: GlobalState };
    Symbols: {
      // The constructors of C#, by their number: (name, schema, description) and (name, members).
      TableSymbol: { $ctor7: new (name: string, schema: string, description: null) => unknown };
      DatabaseSymbol: { ctor: new (name: string, members: unknown[]) => unknown };
    };
  };
};

/** A node or a token of the syntax tree. */
type SyntaxElement = {
  ChildCount: number;
  GetChild(index: number): SyntaxElement | null;
  constructor: { $$name?: string };
  ToString(inclusion: number): string;
};

/** A node: the name of its class, such as `PipeExpression`, its text without the space around it, and its children. */
export type Node = { type: string; text: string; children: Node[] };

export type ParsedQuery = {
  root: Node;
  /** The result's columns and their types. */
  columns: Record<string, string>;
  /** One sentence per error or warning, with its line. */
  diagnostics: string[];
};

const { Language } = loadKusto();
const globals = Language.GlobalState.Default.WithDatabase(
  new Language.Symbols.DatabaseSymbol.ctor(
    "workspace",
    Object.entries(tables).map(([name, columns]) => {
      const schema = Object.entries(columns).map(([column, type]) => `${column}: ${type}`);
      return new Language.Symbols.TableSymbol.$ctor7(name, `(${schema.join(", ")})`, null);
    }),
  ),
);

/** Parses a query and resolves its names against the declared tables. */
export function parseQuery(text: string): ParsedQuery {
  const code = Language.KustoCode.ParseAndAnalyze(text, globals);
  const columns = code.ResultType?.Columns;
  return {
    root: toNode(code.Syntax),
    columns: Object.fromEntries(
      columns === undefined ? [] : toArray(columns).map(({ Name, Type }) => [Name, Type.Name]),
    ),
    diagnostics: toArray(code.GetDiagnostics()).map(({ Code, Message, Start }) => {
      const line = text.slice(0, Start).split("\n").length;
      return `line ${line}: ${Code}: ${Message}`;
    }),
  };
}

function toNode(element: SyntaxElement): Node {
  const children = Array.from({ length: element.ChildCount }, (_, index) =>
    element.GetChild(index),
  );
  return {
    type: (element.constructor.$$name ?? "").replace(/^Kusto\.Language\.Syntax\./, ""),
    text: element.ToString(1).trim(), // 1: without the space and the comments before the first token
    children: children.filter((child) => child !== null).map(toNode),
  };
}

function toArray<T>(list: List<T>): T[] {
  return Array.from({ length: list.Count }, (_, index) => list.getItem(index));
}

function loadKusto(): Kusto {
  const require = createRequire(import.meta.url);
  require("@kusto/language-service-next/bridge.js");
  require("@kusto/language-service-next/Kusto.Language.Bridge.js");
  return (globalThis as unknown as { Kusto: Kusto }).Kusto; // the global that the package adds
}
