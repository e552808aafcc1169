/**
 * Lint rule `ferry/no-clock`: time is an argument. `new Date()` and `Date.now()` read the clock,
 * which neither the domain nor replayed code may do; `new Date(time)` is fine.
 */
export const rule = {
  create(context) {
    const refuse = (node) => context.report({ node, message: "Time is an argument here" });
    const isDate = (node) => node.type === "Identifier" && node.name === "Date";
    return {
      NewExpression(node) {
        if (isDate(node.callee) && node.arguments.length === 0) refuse(node);
      },
      CallExpression(node) {
        if (isDate(node.callee)) refuse(node);
      },
      MemberExpression(node) {
        if (isDate(node.object) && node.property.name === "now") refuse(node);
      },
    };
  },
};
