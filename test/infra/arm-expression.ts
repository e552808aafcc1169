/*
 * Evaluates the expressions of Azure Resource Manager that a snapshot still contains, because they depend on a value that
 * only a deployment knows. Such a value becomes the text "<name of the function>", so that the rest can be checked.
 */

type Value = unknown;

/** Replaces every expression in `value` with its value. */
export function evaluate(value: Value): Value {
  if (typeof value === "string") {
    return value.startsWith("[") && !value.startsWith("[[") && value.endsWith("]")
      ? evaluateExpression(value.slice(1, -1))
      : value;
  }
  if (Array.isArray(value)) return value.map(evaluate);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, evaluate(inner)]));
}

function evaluateExpression(text: string): Value {
  const tokens = text.match(/'(?:[^']|'')*'|-?\d+|[A-Za-z_]\w*|[()[\],.]/g) ?? [];
  let next = 0;
  const peek = () => tokens[next];
  const expect = (token: string) => {
    const found = tokens[next++];
    if (found !== token) throw new Error(`Expected ${token} instead of ${found} in: ${text}`);
  };

  function expression(): Value {
    let value = operand();
    for (;;) {
      if (peek() === ".") {
        next += 1;
        value = property(value, tokens[next++] ?? "");
      } else if (peek() === "[") {
        next += 1;
        value = property(value, String(expression()));
        expect("]");
      } else return value;
    }
  }

  function operand(): Value {
    const token = tokens[next++] ?? "";
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
    if (/^-?\d/.test(token)) return Number(token);
    expect("(");
    const values: Value[] = [];
    while (peek() !== ")") {
      values.push(expression());
      if (peek() === ",") next += 1;
    }
    expect(")");
    return call(token, values);
  }

  const value = expression();
  if (next !== tokens.length) throw new Error(`Cannot read the end of the expression: ${text}`);
  return value;
}

function call(name: string, values: Value[]): Value {
  switch (name) {
    case "createArray":
      return values;
    case "createObject":
      return Object.fromEntries(
        Array.from({ length: values.length / 2 }, (_, i) => [values[2 * i], values[2 * i + 1]]),
      );
    case "union":
      return Object.assign({}, ...values);
    case "string":
      return typeof values[0] === "string" ? values[0] : JSON.stringify(values[0]);
    case "format":
      return String(values[0]).replaceAll(/\{(\d+)\}/g, (_, index) =>
        String(values[Number(index) + 1]),
      );
    case "if":
      return values[0] === true ? values[1] : values[2];
    case "empty":
      return values[0] === "" || (Array.isArray(values[0]) && values[0].length === 0);
    case "null":
      return null;
    case "environment":
      return {
        suffixes: { storage: "core.windows.net" },
        authentication: { loginEndpoint: "https://login.microsoftonline.com/" },
      };
    default:
      return `<${name}>`;
  }
}

/** A property of a value that only the deployment knows is also such a value. */
function property(value: Value, name: string): Value {
  return isObject(value) ? value[name] : value;
}

function isObject(value: Value): value is Record<string, Value> {
  return typeof value === "object" && value !== null;
}
