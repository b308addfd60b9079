/** Expressions of device code to trees, with the type of each. One of the modules that know ts-morph. */
import { type BinaryExpression, type CallExpression, Node, type PrefixUnaryExpression } from "ts-morph";
import { MATH, mathNamed } from "../../dsl/device/math.ts";
import type { Tree, Type } from "../../dsl/device/program.ts";
import type { Refuse } from "./problem.ts";

export interface Typed {
  readonly tree: Tree;
  readonly type: Type;
}

/** What an expression sees. */
export interface Scope {
  readonly refuse: Refuse;
  /** A name; refuses what is not seen. */
  name(node: Node, name: string): Typed;
  /** An operand, as `o.name`; undefined where `object` is no name of the operands. */
  operand(node: Node, object: string, name: string): Typed | undefined;
  /** A call of another device function; refuses what is none. */
  call(node: CallExpression, name: string): Tree;
}

const NUMBERS: Readonly<Record<string, Type>> = { "+": "number", "-": "number", "*": "number", "/": "number" };
const COMPARISONS: Readonly<Record<string, Type>> = {
  "<": "condition",
  "<=": "condition",
  ">": "condition",
  ">=": "condition",
  "===": "condition",
  "!==": "condition",
};
const MATH_LIST = Object.values(MATH)
  .map(({ written }) => written)
  .join(", ");

const INSTEAD: Readonly<Record<string, string>> = {
  "==": "write ===",
  "!=": "write !==",
  "%": "write a - Math.trunc(a / b) * b",
  "**": "write the products out",
  "??": "an operand always has a value: leave it out",
  "&": "conditions are joined by &&",
  "|": "conditions are joined by ||",
  "=": "write a `const` with another name",
  "+=": "write a `const` with another name",
};

/** The tree of an expression and its type. Errors: TG041 to TG044, and what the scope refuses. */
export function translate(node: Node, scope: Scope): Typed {
  const { refuse } = scope;
  if (Node.isParenthesizedExpression(node)) return translate(node.getExpression(), scope);
  if (Node.isNumericLiteral(node)) return number(Number(node.getLiteralText()), node, refuse);
  if (Node.isTrueLiteral(node) || Node.isFalseLiteral(node))
    return refuse("TG041", node, `${node.getText()} in device code`, "write a comparison, or the branch that is taken");
  if (Node.isIdentifier(node)) return named(node, node.getText(), scope);
  if (Node.isPrefixUnaryExpression(node)) return prefixed(node, scope);
  if (Node.isBinaryExpression(node)) return binary(node, scope);
  if (Node.isCallExpression(node)) return called(node, scope);
  if (Node.isConditionalExpression(node)) {
    const condition = expect(node.getCondition(), "condition", scope);
    const yes = translate(node.getWhenTrue(), scope);
    const no = expect(node.getWhenFalse(), yes.type, scope);
    return { tree: { op: "choose", condition, yes: yes.tree, no }, type: yes.type };
  }
  if (Node.isPropertyAccessExpression(node)) {
    const operand = scope.operand(node, node.getExpression().getText(), node.getName());
    return operand ?? refuse("TG041", node, `${node.getText()} in device code`, "only operands are read by a point; write a number out");
  }
  return refuse(
    "TG041",
    node,
    `${shortened(node)} (${node.getKindName()}) in device code`,
    "write it with arithmetic, comparisons, `c ? a : b`, && || !, and math functions",
  );
}

/** The tree of an expression of this type. Errors: TG043 where it has the other. */
export function expect(node: Node, type: Type, scope: Scope): Tree {
  const typed = translate(node, scope);
  if (typed.type === type) return typed.tree;
  const fix = type === "condition" ? `compare it: ${shortened(node)} !== 0` : `choose a number by it: ${shortened(node)} ? 1 : 0`;
  return scope.refuse("TG043", node, `${shortened(node)} is a ${typed.type} where a ${type} is needed`, fix);
}

/** A number as f32. Errors: TG044. */
export function number(value: number, node: Node, refuse: Refuse): Typed {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) return refuse("TG044", node, `${node.getText()} is beyond f32`, "write Infinity, or a smaller number");
  return { tree: { op: "number", value: rounded }, type: "number" };
}

function named(node: Node, name: string, scope: Scope): Typed {
  if (name === "Infinity" || name === "NaN") return { tree: { op: "number", value: Number(name) }, type: "number" };
  return scope.name(node, name);
}

function prefixed(node: PrefixUnaryExpression, scope: Scope): Typed {
  const operator = node.getText()[0]!;
  const of = node.getOperand();
  if (node.getText().startsWith("--") || node.getText().startsWith("++")) {
    return scope.refuse("TG041", node, `${shortened(node)} changes a value`, "write a `const` with another name");
  }
  if (operator === "!") return { tree: { op: "not", of: expect(of, "condition", scope) }, type: "condition" };
  if (operator === "-") return { tree: { op: "negate", of: expect(of, "number", scope) }, type: "number" };
  return scope.refuse("TG041", node, `the operator ${operator} in device code`, operator === "+" ? "leave it out" : "write it with arithmetic");
}

function binary(node: BinaryExpression, scope: Scope): Typed {
  const operator = node.getOperatorToken().getText();
  const type = NUMBERS[operator] ?? COMPARISONS[operator] ?? (operator === "&&" || operator === "||" ? "condition" : undefined);
  if (type === undefined) {
    return scope.refuse(
      "TG041",
      node.getOperatorToken(),
      `the operator ${operator} in device code`,
      INSTEAD[operator] ?? "write it with + - * / and comparisons",
    );
  }
  const given: Type = operator === "&&" || operator === "||" ? "condition" : "number";
  const [left, right] = [expect(node.getLeft(), given, scope), expect(node.getRight(), given, scope)];
  return { tree: { op: "binary", operator: operator as Extract<Tree, { op: "binary" }>["operator"], left, right }, type };
}

function called(node: CallExpression, scope: Scope): Typed {
  const callee = node.getExpression();
  const written = callee.getText();
  const name = mathNamed(written);
  if (name !== undefined) {
    const given = node.getArguments();
    const { arity } = MATH[name];
    if (given.length !== arity) return scope.refuse("TG041", node, `${written} of ${given.length} arguments`, `it takes ${arity} in device code`);
    return { tree: { op: "math", name, given: given.map((argument) => expect(argument, "number", scope)) }, type: "number" };
  }
  if (!Node.isIdentifier(callee)) {
    return scope.refuse("TG041", callee, `${written} is no function of device code`, `there are ${MATH_LIST}, and device functions called by their name`);
  }
  return { tree: scope.call(node, written), type: "number" };
}

function shortened(node: Node): string {
  const text = node.getText().replace(/\s+/g, " ");
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
