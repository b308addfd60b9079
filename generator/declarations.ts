/**
 * Joins each exported `kernel("name", ...)` declaration to its syntax node: its doc comment, positions and formula texts.
 * Besides catalog.ts, which strips types, the one module that knows ts-morph.
 */
import { relative } from "node:path";
import { type CallExpression, Node, type ObjectLiteralExpression, Project, printNode, type VariableStatement } from "ts-morph";
import { type Position, type Problem, throwIfAny } from "./errors.ts";

/** One formula's value inside an object that a formula returns. */
export interface FieldFormula {
  readonly text: string;
  /** False only where the expression names nothing of the shape. */
  readonly dependsOnShape: boolean;
}

export interface Declaration {
  readonly name: string;
  /** The leading doc comment, without its stars. */
  readonly doc: string;
  readonly position: Position;
  /** Where a property stands, as "launch" or "tune.warps"; the nearest enclosing one where that has no node of its own. */
  at(path: string): Position;
  /** Source text of a property's value, on one line, without comments. */
  text(path: string): string;
  /** One value of the object that a formula returns, as ("launch", "sharedBytes"); undefined where the object is not written in place. */
  field(formula: string, name: string): FieldFormula | undefined;
  /** Whether any formula names this identifier. */
  mentions(identifier: string): boolean;
}

const FORMULAS = ["accepts", "derive", "where", "extents", "launch", "untuned"];

/**
 * Reads every .ts file below `folder`. Positions are relative to `root`.
 * Errors: GeneratorError TG003 where a name is declared twice, TG004 where a declaration has no doc comment.
 */
export function readDeclarations(folder: string, root: string): ReadonlyMap<string, Declaration> {
  const project = new Project({ skipAddingFilesFromTsConfig: true, skipFileDependencyResolution: true });
  project.addSourceFilesAtPaths(`${folder}/**/*.ts`);
  const found = new Map<string, Declaration>();
  const problems: Problem[] = [];
  for (const file of project.getSourceFiles().sort((a, b) => (a.getFilePath() < b.getFilePath() ? -1 : 1))) {
    for (const statement of file.getVariableStatements().filter((statement) => statement.hasExportKeyword())) {
      for (const call of kernelCalls(statement)) {
        const declaration = declarationOf(call, statement, root);
        const { name, position, doc } = declaration;
        const first = found.get(name);
        if (first !== undefined) {
          problems.push({
            code: "TG003",
            at: position,
            what: `kernel "${name}" is declared here and at ${first.position.file}:${first.position.line}`,
            why: "a kernel's name is its symbol and its files' name",
            fix: "rename one of the two",
          });
          continue;
        }
        if (doc === "") {
          problems.push({
            code: "TG004",
            at: position,
            what: `kernel "${name}" has no doc comment`,
            why: "the comment heads every generated file and the manifest's entry",
            fix: `put /** one sentence on what it does */ before "export const"`,
          });
        }
        found.set(name, declaration);
      }
    }
  }
  throwIfAny(problems);
  return found;
}

/** Declarations of a statement that call kernel() with a literal name and a literal body. */
function kernelCalls(statement: VariableStatement): CallExpression[] {
  return statement
    .getDeclarations()
    .map((declaration) => declaration.getInitializer())
    .filter(Node.isCallExpression)
    .filter((call) => call.getExpression().getText() === "kernel" && Node.isStringLiteral(call.getArguments()[0]) && body(call) !== undefined);
}

const body = (call: CallExpression): ObjectLiteralExpression | undefined => asObject(call.getArguments()[1]);
const asObject = (node: Node | undefined): ObjectLiteralExpression | undefined => (Node.isObjectLiteralExpression(node) ? node : undefined);

function declarationOf(call: CallExpression, statement: VariableStatement, root: string): Declaration {
  const file = relative(root, statement.getSourceFile().getFilePath()).replaceAll("\\", "/");
  const position = (node: Node): Position => ({ file, ...statement.getSourceFile().getLineAndColumnAtPos(node.getStart()) });
  const name = call.getArguments()[0];
  const formulas = FORMULAS.map((formula) => property(body(call), formula)).filter((node) => node !== undefined);
  const identifiers = new Set(formulas.flatMap((node) => node.getDescendants().filter(Node.isIdentifier)).map((node) => node.getText()));

  /** The deepest node on the path that is there, and whether that is all of it. */
  const walk = (path: string): { node: Node; complete: boolean } => {
    let node: Node = call;
    let object = body(call);
    for (const key of path.split(".")) {
      const next = property(object, key);
      if (next === undefined) return { node, complete: false };
      node = next;
      object = asObject(value(next)) ?? returnedObject(next)?.object;
    }
    return { node, complete: true };
  };

  return {
    name: Node.isStringLiteral(name) ? name.getLiteralText() : "",
    doc: statement
      .getJsDocs()
      .map((doc) => doc.getInnerText().trim())
      .join("\n\n"),
    position: position(call),
    at: (path) => position(walk(path).node),
    text: (path) => {
      const { node, complete } = walk(path);
      return complete ? oneLine(value(node)) : "";
    },
    field: (formula, wanted) => {
      const whole = property(body(call), formula);
      const returned = whole && returnedObject(whole);
      const node = property(returned?.object, wanted);
      // in a block, the shape may hide behind a local name
      if (returned === undefined || node === undefined || returned.inBlock) return undefined;
      const names = identifiersIn(value(node));
      return { text: oneLine(value(node)), dependsOnShape: returned.shapeNames.some((shapeName) => names.has(shapeName)) };
    },
    mentions: (identifier) => identifiers.has(identifier),
  };
}

/** A property by name; rules are named by string literals. */
function property(object: ObjectLiteralExpression | undefined, name: string): Node | undefined {
  return object?.getProperties().find((candidate) => {
    if (Node.isSpreadAssignment(candidate)) return false;
    const key = candidate.getNameNode();
    return (Node.isStringLiteral(key) ? key.getLiteralText() : key.getText()) === name;
  });
}

const value = (node: Node): Node => (Node.isPropertyAssignment(node) ? node.getInitializerOrThrow() : node);

interface Returned {
  readonly object: ObjectLiteralExpression;
  readonly inBlock: boolean;
  /** What the formula's second parameter calls the shape and its values. */
  readonly shapeNames: readonly string[];
}

/** The object literal that a formula gives, at once or by its last statement. */
function returnedObject(node: Node): Returned | undefined {
  const formula = value(node);
  if (!Node.isArrowFunction(formula)) return undefined;
  const whole = formula.getBody();
  const last = Node.isBlock(whole) ? whole.getStatements().at(-1) : undefined;
  let result = Node.isReturnStatement(last) ? last.getExpression() : whole;
  while (Node.isParenthesizedExpression(result)) result = result.getExpression();
  const shape = formula.getParameters()[1]?.getNameNode();
  return Node.isObjectLiteralExpression(result)
    ? { object: result, inBlock: last !== undefined, shapeNames: shape ? [...identifiersIn(shape)] : [] }
    : undefined;
}

const identifiersIn = (node: Node): Set<string> =>
  new Set([node, ...node.getDescendants()].filter(Node.isIdentifier).map((identifier) => identifier.getText()));

const oneLine = (node: Node): string =>
  printNode(node.compilerNode, node.getSourceFile().compilerNode, { removeComments: true })
    .replace(/,\s*\n\s*\}/g, " }")
    .replace(/,\s*\n\s*([\])])/g, "$1")
    .replace(/\s*\n\s*/g, " ");
