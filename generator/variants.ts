/** Which variants ship: every spec of a kernel with every config that it ships, and what was tuned, each checked by the kernel's own formulas. */
import { type AnyConfig, type AnyContext, type AnyKernel, combinations, contextOf, type Launch, type Scalar, type Shape, variantSymbol } from "../dsl/index.ts";
import { isIdentifier } from "./cuda-text.ts";
import type { Declaration } from "./declarations.ts";
import type { Code, Problem } from "./errors.ts";
import { COMMON_NAMES } from "./names.ts";
import type { TunedConfig } from "./tuned.ts";

export interface ShippedVariant {
  readonly kernel: AnyKernel;
  readonly symbol: string;
  readonly spec: AnyConfig;
  readonly tune: AnyConfig;
  readonly context: AnyContext;
  /** For a shape of ones: only what does not depend on the shape is to be read from it. */
  readonly launch: Launch;
}

/** Adds what is wrong with the kernel's formulas and configs to `problems`, each kind once a kernel. A tuned config that no longer holds is left out. */
export function shippedVariants(kernel: AnyKernel, declaration: Declaration, tuned: readonly TunedConfig[], problems: Problem[]): readonly ShippedVariant[] {
  const told = new Set<string>();
  const tell = (code: Code, path: string, what: string, why: string, fix: string): undefined => {
    if (!told.has(`${code} ${path}`)) problems.push({ code, at: declaration.at(path), what: `${kernel.name}: ${what}`, why, fix });
    told.add(`${code} ${path}`);
  };
  const ships = kernel.ships.filter((tune) => {
    const wrong = Object.entries(kernel.tune).find(([name, domain]) => !domain.values.includes(tune[name]!));
    if (wrong === undefined) return true;
    const [name, { values }] = wrong;
    return tell(
      "TG020",
      "ships",
      `ships ${JSON.stringify(tune)}: ${name} is outside its domain`,
      `${name} is one of ${values.join(", ")}`,
      "correct the config",
    );
  });

  const variants: ShippedVariant[] = [];
  const symbols = new Set<string>();
  for (const spec of combinations<AnyKernel["spec"]>(kernel.spec)) {
    for (const tune of ships) {
      const symbol = variantSymbol(kernel, spec, tune);
      if (!isIdentifier(symbol)) {
        tell(
          "TG022",
          "tune",
          `"${symbol}" is no CUDA identifier`,
          "a variant's name is made of its values",
          "let domains hold whole numbers >= 0, names and booleans",
        );
        continue;
      }
      if (symbols.has(symbol)) {
        tell("TG020", "ships", `ships ${JSON.stringify(tune)} twice`, "each variant is one file", "leave one out");
        continue;
      }
      symbols.add(symbol);
      const variant = shippedVariant(kernel, symbol, spec, tune, tell);
      if (variant === undefined) continue;
      const [first = variant] = variants;
      if (names(first) !== names(variant)) {
        const found = `${symbol} has ${names(variant)}, ${first.symbol} has ${names(first)}`;
        tell("TG019", "derive", found, "one template serves all variants, so all must have the same names", "derive the same names for every config");
        continue;
      }
      variants.push(variant);
    }
  }
  for (const { spec, tune } of tuned) {
    const symbol = variantSymbol(kernel, spec, tune);
    const variant = symbols.has(symbol) ? undefined : shippedVariant(kernel, symbol, spec, tune, () => undefined);
    symbols.add(symbol);
    if (variant !== undefined) variants.push(variant);
  }
  return variants;
}

const names = ({ context }: ShippedVariant): string => Object.keys(context).join(", ");

type Tell = (code: Code, path: string, what: string, why: string, fix: string) => undefined;

function shippedVariant(kernel: AnyKernel, symbol: string, spec: AnyConfig, tune: AnyConfig, tell: Tell): ShippedVariant | undefined {
  const attempt = <T>(path: string, formula: () => T): T | undefined => {
    try {
      return formula();
    } catch (cause) {
      return tell("TG023", path, `${path} throws for ${symbol}: ${String(cause)}`, "formulas are pure and total over the domains", "correct the formula");
    }
  };
  const config = { ...spec, ...tune };
  const context = attempt("derive", () => contextOf(kernel, config));
  if (context === undefined) return undefined;
  const unusable = derivedProblem(kernel, config);
  if (unusable !== undefined)
    return tell("TG019", "derive", `for ${symbol}, ${unusable}`, "templates print derived values as they are, in one scope", "correct derive()");

  const broken = Object.entries(kernel.where).find(([rule, holds]) => holds.length < 2 && attempt(`where.${rule}`, () => holds(context, {})) === false)?.[0];
  if (broken !== undefined) {
    return tell(
      "TG021",
      "ships",
      `the shipped ${JSON.stringify(tune)} breaks "${broken}" for ${symbol}`,
      "the rule holds for no shape, so it never runs",
      "ship another config",
    );
  }
  const launch = attempt("launch", () => kernel.launch(context, shapeOf(kernel, 1)));
  const other = attempt("launch", () => kernel.launch(context, shapeOf(kernel, 4096)));
  if (launch === undefined || other === undefined) return undefined;
  if (!Number.isSafeInteger(context.threads) || launch.block !== context.threads || other.block !== context.threads) {
    const found = `launch gives block ${launch.block}, derive gives threads ${context.threads}`;
    return tell(
      "TG018",
      "launch",
      `for ${symbol}, ${found}`,
      "the launch bounds in the signature are derived, before a shape is known",
      "derive `threads` and launch with it",
    );
  }
  return { kernel, symbol, spec, tune, context, launch };
}

const shapeOf = (kernel: AnyKernel, value: number): Shape<string> => Object.fromEntries(kernel.shape.map((name) => [name, value]));

/** What is wrong with the derived names or values, in words. */
function derivedProblem(kernel: AnyKernel, config: AnyConfig): string | undefined {
  const generators: readonly string[] = [...COMMON_NAMES, "hooks"];
  const parts = [kernel.spec, kernel.tune, kernel.hooks, kernel.buffers].flatMap((part) => Object.keys(part)).concat(kernel.shape);
  const own = parts.find((name) => generators.includes(name));
  if (own !== undefined) return `"${own}" is a name of the generator's own`;
  for (const [name, value] of Object.entries(kernel.derive(config))) {
    if (generators.includes(name) || parts.includes(name)) return `"${name}" is already the name of something else`;
    if (typeof value !== "object") {
      if (isUnprintable(value)) return `"${name}" is ${value}`;
      continue;
    }
    const fields = Object.keys(value[0] ?? {}).join();
    if (value.length === 0) return `the list "${name}" is empty`;
    if (value.some((item) => Object.keys(item).join() !== fields)) return `the items of "${name}" have different fields`;
    if (value.some((item) => Object.values(item).some(isUnprintable))) return `the list "${name}" holds a value that is not finite`;
  }
  return undefined;
}

const isUnprintable = (value: Scalar | undefined): boolean => value === undefined || (typeof value === "number" && !Number.isFinite(value));
