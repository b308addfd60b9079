/** Device functions of source files, joined to the functions that they call: programs. One of the modules that know ts-morph. */
import { join } from "node:path";
import { type CallExpression, Node, Project, type SourceFile, type Statement, type VariableDeclaration } from "ts-morph";
import type { Operands } from "../../dsl/device/declare.ts";
import type { DeviceFunction, DeviceProgram, Local, Tree } from "../../dsl/device/program.ts";
import { type Refuse, refuser } from "./problem.ts";
import { checkName, type Declared, declared, numberOf, resolveName } from "./read.ts";
import { expect, number, type Scope, type Typed, translate } from "./translate.ts";

export interface TranslatedFunction {
  readonly name: string;
  /** Undefined for a function of scalars. */
  readonly operands: Operands | undefined;
  readonly program: DeviceProgram;
}

/** How a name of a file is looked up. */
type Resolve = (file: SourceFile, name: string) => VariableDeclaration | undefined;

/**
 * The device functions at the top of the .ts files that match `globs`, by name; those of other files are found through relative imports among them. Positions are
 * relative to `root`. Errors: GeneratorError TG040 to TG045, the first that is found.
 */
export function readDeviceFunctions(globs: readonly string[], root: string): ReadonlyMap<string, TranslatedFunction> {
  const project = new Project({ skipAddingFilesFromTsConfig: true, skipFileDependencyResolution: true });
  project.addSourceFilesAtPaths(globs);
  const refuse = refuser(root);
  const found = new Map<string, TranslatedFunction>();
  for (const file of project.getSourceFiles()) {
    for (const node of file.getVariableDeclarations()) {
      const fn = translated(node, refuse, packagedFunctions(root));
      if (fn === undefined) continue;
      if (found.has(fn.name)) refuse("TG040", node, `two device functions are called "${fn.name}"`, "rename one of the two");
      found.set(fn.name, fn);
    }
  }
  return found;
}

/** Where a package has the device functions that ship. */
export const packagedFunctions = (root: string): string => join(root, "dsl/device/functions.ts");

/** The declaration as a device function with all that it calls, or undefined where it is something else. Errors: TG040 to TG045. */
export function translated(node: VariableDeclaration, refuse: Refuse, packaged: string): TranslatedFunction | undefined {
  const fn = declared(node, refuse);
  return fn && { name: fn.name, operands: fn.operands, program: programOf(fn, refuse, (file, name) => resolveName(file, name, packaged)) };
}

function programOf(entry: Declared, refuse: Refuse, resolve: Resolve): DeviceProgram {
  const functions = new Map<string, { readonly from: Declared; readonly fn: DeviceFunction }>();
  const calling: Declared[] = [];
  /** Translates a function, and before it what it calls. */
  const add = (from: Declared, at: Node): void => {
    if (calling.some(({ node }) => node === from.node)) {
      refuse("TG045", at, `"${from.name}" calls itself: ${[...calling, from].map(({ name }) => name).join(" -> ")}`, "write its steps out");
    }
    const known = functions.get(from.name);
    if (known !== undefined) {
      if (known.from.node !== from.node) refuse("TG040", at, `two device functions of one program are called "${from.name}"`, "rename one of the two");
      return;
    }
    calling.push(from);
    const fn = functionOf(from, refuse, resolve, add);
    calling.pop();
    functions.set(from.name, { from, fn });
  };
  add(entry, entry.node);
  return { functions: [...functions.values()].map(({ fn }) => fn) };
}

type Add = (from: Declared, at: Node) => void;

function functionOf(from: Declared, refuse: Refuse, resolve: Resolve, add: Add): DeviceFunction {
  const seen = new Map<string, Typed>();
  const see = (name: string, node: Node, type: Typed["type"]): void => {
    if (seen.has(name)) refuse("TG040", node, `"${name}" is given twice in "${from.name}"`, "give each parameter, operand and constant a name of its own");
    seen.set(name, { tree: { op: "name", name }, type });
  };
  const [operandsName] = from.operands === undefined ? [] : from.parameters.slice(1).map((parameter) => parameter.getText());
  const scalars = from.operands === undefined ? from.parameters : from.parameters.slice(0, 1);
  const operandNames = Object.keys(from.operands ?? {});
  for (const parameter of scalars) see(parameter.getText(), parameter, "number");
  for (const name of operandNames) see(name, from.node, "number");
  const file = from.arrow.getSourceFile();
  const scope: Scope = {
    refuse,
    name: (node, name) => {
      // an operand's own name is no variable of the arrow function
      const local = operandNames.includes(name) ? undefined : seen.get(name);
      return local ?? moduleNumber(node, name, resolve(file, name), refuse);
    },
    operand: (node, object, name) => {
      if (operandsName === undefined || object !== operandsName) return undefined;
      if (operandNames.includes(name)) return seen.get(name);
      return refuse(
        "TG042",
        node,
        `"${from.name}" declares no operand "${name}"`,
        `declare it, or read one of ${operandNames.join(", ") || "those that are declared: none"}`,
      );
    },
    call: (node, name) => {
      const target = resolve(file, name);
      const callee = target && declared(target, refuse);
      if (callee === undefined)
        return refuse(
          "TG042",
          node,
          `"${name}" is no device function that can be seen`,
          'declare it by deviceFn, in this module or one imported by a relative path, or import it from "topkit/device"',
        );
      const given = argumentsOf(node, callee, { from, operandsName, scope });
      add(callee, node);
      return { op: "call", name: callee.name, given };
    },
  };
  const body = from.arrow.getBody();
  const statements = Node.isBlock(body) ? body.getStatements() : [];
  const last = statements.at(-1);
  const result = Node.isBlock(body) ? (Node.isReturnStatement(last) ? last.getExpression() : undefined) : body;
  if (result === undefined) return refuse("TG041", last ?? body, `"${from.name}" does not end in a return`, "end with `return` and a number");
  const before = Node.isBlock(body) ? statements.slice(0, -1) : [];
  const locals = before.flatMap((statement) => localsOf(statement, scope, see));
  return { name: from.name, parameters: [...scalars.map((node) => node.getText()), ...operandNames], locals, result: expect(result, "number", scope) };
}

function moduleNumber(node: Node, name: string, target: VariableDeclaration | undefined, refuse: Refuse): Typed {
  const constant = target && numberOf(target);
  if (constant === undefined) {
    return refuse(
      "TG042",
      node,
      `"${name}" cannot be seen on the device`,
      "pass it as a parameter or an operand (read as `o.name`), or make it a number at the top of the module",
    );
  }
  return number(constant.value, constant.node, refuse);
}

interface Caller {
  readonly from: Declared;
  readonly operandsName: string | undefined;
  readonly scope: Scope;
}

/** The scalars of a call; where the callee has operands, the caller's of the same names. */
function argumentsOf(node: CallExpression, callee: Declared, { from, operandsName, scope }: Caller): Tree[] {
  const given = node.getArguments();
  const { refuse } = scope;
  const wanted = callee.operands === undefined ? callee.parameters.length : 2;
  if (given.length !== wanted) return refuse("TG041", node, `"${callee.name}" of ${given.length} arguments`, `it takes ${wanted}`);
  if (callee.operands === undefined) return given.map((argument) => expect(argument, "number", scope));
  const [element, operands] = [given[0]!, given[1]!];
  if (operandsName === undefined || operands.getText() !== operandsName) {
    return refuse("TG042", operands, `"${callee.name}" is given ${operands.getText()} as its operands`, "pass on the function's own operands, whole");
  }
  for (const [name, kind] of Object.entries(callee.operands)) {
    const own = from.operands?.[name];
    if (own !== kind)
      refuse(
        "TG042",
        operands,
        `"${callee.name}" reads the ${kind} operand "${name}", which "${from.name}" ${own ? `has as ${own}` : "has not"}`,
        `declare \`${name}: "${kind}"\``,
      );
  }
  return [expect(element, "number", scope), ...Object.keys(callee.operands).map((name): Tree => ({ op: "name", name }))];
}

function localsOf(statement: Statement, scope: Scope, see: (name: string, node: Node, type: Typed["type"]) => void): Local[] {
  if (!Node.isVariableStatement(statement) || statement.getDeclarationKind() !== "const") {
    const fix = Node.isIfStatement(statement) ? "write `condition ? a : b`" : "before the return there are only `const name = value;`";
    return scope.refuse("TG041", statement, `a ${statement.getKindName()} in device code`, fix);
  }
  return statement.getDeclarations().map((declaration) => {
    const [node, value] = [declaration.getNameNode(), declaration.getInitializer()];
    if (!Node.isIdentifier(node) || value === undefined)
      return scope.refuse("TG041", declaration, `${declaration.getText()} in device code`, "write `const name = value;`");
    checkName(node.getText(), node, scope.refuse);
    const { tree, type } = translate(value, scope);
    see(node.getText(), node, type);
    return { name: node.getText(), type, value: tree };
  });
}
