/** Finds the declarations of device functions, and what their names mean. One of the modules that know ts-morph. */
import { dirname, resolve } from "node:path";
import { type ArrowFunction, type Identifier, Node, type ObjectLiteralExpression, type SourceFile, type VariableDeclaration } from "ts-morph";
import type { Operands, Varies } from "../../dsl/device/declare.ts";
import { mathNamed } from "../../dsl/device/math.ts";
import type { Refuse } from "./problem.ts";

const VARIES: readonly string[] = ["uniform", "row", "column", "element"] satisfies Varies[];
const NAME = /^[A-Za-z]\w*$/;
const FORM = 'write `deviceFn((a, b) => ...)` or `deviceFn({ name: "uniform" }, (x, o) => ...)`, with the operands and the arrow function in place';

export interface Declared {
  readonly name: string;
  readonly node: VariableDeclaration;
  /** Of a score function; undefined for a function of scalars. */
  readonly operands: Operands | undefined;
  readonly parameters: readonly Identifier[];
  readonly arrow: ArrowFunction;
}

/** The declaration as a device function, or undefined where it is something else. Errors: TG040. */
export function declared(node: VariableDeclaration, refuse: Refuse): Declared | undefined {
  const call = node.getInitializer();
  if (!Node.isCallExpression(call) || call.getExpression().getText() !== "deviceFn") return undefined;
  const name = node.getName();
  checkName(name, node, refuse);
  if (mathNamed(name) !== undefined) return refuse("TG040", node, `"${name}" is a math function of device code`, "give the device function another name");
  const given = call.getArguments();
  const arrow = given.at(-1);
  if (!Node.isArrowFunction(arrow) || given.length > 2) return refuse("TG040", call, `device function "${name}" has no arrow function in place`, FORM);
  const parameters = arrow.getParameters().map((parameter) => {
    const parameterName = parameter.getNameNode();
    const plain = Node.isIdentifier(parameterName) && !parameter.hasInitializer() && !parameter.isRestParameter();
    if (!plain) return refuse("TG040", parameter, `${parameter.getText()} is no plain parameter`, "give each parameter one name; read operands as `o.name`");
    checkName(parameterName.getText(), parameterName, refuse);
    return parameterName;
  });
  const [first] = given;
  if (given.length === 1) {
    if (parameters.length === 0) return refuse("TG040", arrow, `device function "${name}" has no parameter`, "write a constant of the module instead");
    return { name, node, operands: undefined, parameters, arrow };
  }
  if (!Node.isObjectLiteralExpression(first)) return refuse("TG040", first ?? call, `the operands of "${name}" are not written in place`, FORM);
  if (parameters.length < 1 || parameters.length > 2) {
    return refuse(
      "TG040",
      arrow,
      `"${name}" has ${parameters.length} parameters`,
      "with operands there are two, the element and its operands: `(x, o) => ...`",
    );
  }
  return { name, node, operands: operandsOf(first, refuse), parameters, arrow };
}

function operandsOf(object: ObjectLiteralExpression, refuse: Refuse): Operands {
  const operands: Record<string, Varies> = {};
  for (const property of object.getProperties()) {
    const value = Node.isPropertyAssignment(property) ? property.getInitializer() : undefined;
    const kind = Node.isStringLiteral(value) ? value.getLiteralText() : "";
    if (!Node.isPropertyAssignment(property) || !VARIES.includes(kind)) {
      return refuse("TG040", property, `${property.getText()} declares no operand`, `write \`name: "..."\` with one of ${VARIES.join(", ")}`);
    }
    const name = property.getName();
    checkName(name, property, refuse);
    if (Object.hasOwn(operands, name)) return refuse("TG040", property, `operand "${name}" is declared twice`, "remove one of the two");
    operands[name] = kind as Varies;
  }
  return operands;
}

export function checkName(name: string, node: Node, refuse: Refuse): void {
  if (!NAME.test(name)) refuse("TG040", node, `"${name}" cannot be a name on the device`, "use letters, digits and underscores, a letter first");
}

/** The module that topkit gives device functions in, for those who import it by name. */
export const DEVICE_MODULE = "topkit/device";

/** The file that an import of device code names, if it is among the project's; `packaged` is that of DEVICE_MODULE. */
export function importedFile(from: SourceFile, specifier: string, packaged: string): SourceFile | undefined {
  const project = from.getProject();
  if (specifier === DEVICE_MODULE) return project.getSourceFile(packaged);
  if (!specifier.startsWith(".")) return undefined;
  return importedPaths(from, specifier)
    .map((path) => project.getSourceFile(path))
    .find((file) => file !== undefined);
}

/** Where a relative import may lie: a TypeScript file may be imported under the name that it has when it is compiled. */
export function importedPaths(from: SourceFile, specifier: string): readonly string[] {
  const path = resolve(dirname(from.getFilePath()), specifier);
  return [path, path.replace(/\.js$/, ".ts")];
}

/** What a name means at the top of the file: followed through imports of device code. */
export function resolveName(file: SourceFile, name: string, packaged: string): VariableDeclaration | undefined {
  const own = file.getVariableDeclaration(name);
  if (own !== undefined) return own;
  for (const statement of file.getImportDeclarations()) {
    const found = statement.getNamedImports().find((named) => (named.getAliasNode() ?? named.getNameNode()).getText() === name);
    if (found === undefined) continue;
    const imported = importedFile(file, statement.getModuleSpecifierValue(), packaged);
    if (imported !== undefined) return imported.getVariableDeclaration(found.getName());
  }
  return undefined;
}

/** A number at the top of a module, with its sign: `const LIMIT = -1.5`. */
export function numberOf(node: VariableDeclaration): { readonly value: number; readonly node: Node } | undefined {
  const initializer = node.getInitializer();
  const negative = Node.isPrefixUnaryExpression(initializer) && initializer.getText().startsWith("-");
  const literal = negative ? initializer.getOperand() : initializer;
  if (!Node.isNumericLiteral(literal) || node.getVariableStatement()?.getDeclarationKind() !== "const") return undefined;
  return { value: (negative ? -1 : 1) * Number(literal.getLiteralText()), node: literal };
}
