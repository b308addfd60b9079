/** Who is whose neighbour in a search space: where a local search goes from a candidate. */
import type { AnyConfig, Domains, Scalar } from "../../dsl/index.ts";
import type { Candidate } from "./space.ts";

/** Gives the places of a candidate's neighbours, as `Space.neighbours` says. `axes`: each plan's tunables. `find`: the place of a plan's config, or -1. */
export function neighboursIn(
  candidates: readonly Candidate[],
  axes: ReadonlyMap<string, Domains>,
  find: (plan: string, config: AnyConfig) => number,
): (at: number) => number[] {
  const twins = new Map<string, Twins>();
  const twinsOf = (plan: string): Twins => {
    const known = twins.get(plan) ?? twinsIn(candidates, plan);
    twins.set(plan, known);
    return known;
  };
  return (at) => {
    const { plan, config } = candidates[at]!;
    const domains = axes.get(plan) ?? {};
    const stepped = Object.entries(domains).flatMap(([name, { values }]) => {
      const from = values.indexOf(config[name]!);
      return [-1, 1].flatMap((direction) => {
        const allowed = nextAllowed(values, from, direction, (value) => find(plan, { ...config, [name]: value }));
        const next = values[from + direction];
        if (from < 0 || next === undefined || allowed.some((other) => candidates[other]!.config[name] === next)) return allowed;
        return [...allowed, ...withAnother(candidates, twinsOf(plan), { ...config, [name]: next }, name, domains)];
      });
    });
    return stepped.length > 0 ? [...new Set(stepped)] : likest(candidates, at);
  };
}

function nextAllowed(values: readonly Scalar[], from: number, direction: number, find: (value: Scalar) => number): number[] {
  for (let at = from + direction; at >= 0 && at < values.length; at += direction) {
    const found = find(values[at]!);
    if (found >= 0) return [found];
  }
  return [];
}

/** Of a plan, who has the same config but for one tunable: by all of it but that one. */
type Twins = ReadonlyMap<string, readonly number[]>;

const allBut = (name: string, config: AnyConfig): string =>
  Object.keys(config)
    .sort()
    .map((each) => (each === name ? each : `${each}=${config[each]}`))
    .join();

function twinsIn(candidates: readonly Candidate[], plan: string): Twins {
  const found = new Map<string, number[]>();
  for (const [at, candidate] of candidates.entries()) {
    if (candidate.plan !== plan) continue;
    for (const name of Object.keys(candidate.config)) {
      const key = allBut(name, candidate.config);
      const before = found.get(key);
      if (before === undefined) found.set(key, [at]);
      else before.push(at);
    }
  }
  return found;
}

/**
 * Who has taken a step of the tunable `name`, as `stepped` has, which asks for another value of a second one too, as more slots a thread ask for fewer tiles: for
 * each second tunable, whoever has the value nearest to the one of `stepped`.
 */
function withAnother(candidates: readonly Candidate[], twins: Twins, stepped: AnyConfig, name: string, domains: Domains): number[] {
  return Object.entries(domains).flatMap(([second, { values }]) => {
    if (second === name) return [];
    const here = values.indexOf(stepped[second]!);
    const far = (at: number): number => Math.abs(values.indexOf(candidates[at]!.config[second]!) - here);
    const [first, ...others] = twins.get(allBut(second, stepped)) ?? [];
    return first === undefined ? [] : [others.reduce((best, at) => (far(at) < far(best) ? at : best), first)];
  });
}

const LIKEST = 8;

/** Of the same plan, those that differ in the fewest tunables: what stands around a given choice that `search` would not have tried. */
function likest(candidates: readonly Candidate[], at: number): number[] {
  const { plan, config } = candidates[at]!;
  const differing = (other: AnyConfig): number =>
    [...new Set([...Object.keys(config), ...Object.keys(other)])].filter((name) => config[name] !== other[name]).length;
  return [...candidates.keys()]
    .filter((other) => other !== at && candidates[other]!.plan === plan)
    .map((other) => ({ other, apart: differing(candidates[other]!.config) }))
    .sort((a, b) => a.apart - b.apart)
    .slice(0, LIKEST)
    .map(({ other }) => other);
}
