import type { ConditionState, Reason } from '../api/conditions.ts';
import { type Requirement, type ServiceClass, type Tier, tier } from '../api/service-class.ts';
import { isCompatible } from './contracts.ts';

/** What is asked of a class when others refer to it. */
type Named = Pick<ServiceClass, 'metadata' | 'spec'>;
export type ClassOf = (name: string) => Named | undefined;

interface Problem {
  readonly reason: Reason;
  readonly message: string;
}

export const requirementsOf = ({ spec }: Named): readonly Requirement[] => spec.requires ?? [];

/**
 * The shortest way from a class back to itself over what it and the others need, as the names on it; undefined without
 * one. What is optional is not waited for, so it closes no circle.
 */
export function findCycle(name: string, classOf: ClassOf): readonly string[] | undefined {
  return wayBetween(name, name, classOf);
}

function wayBetween(from: string, to: string, classOf: ClassOf): readonly string[] | undefined {
  const seen = new Set<string>();
  let ways: (readonly string[])[] = [[from]];
  while (ways.length > 0) {
    const longer: (readonly string[])[] = [];
    for (const way of ways) {
      for (const next of neededBy(way.at(-1) ?? from, classOf)) {
        if (next === to) return [...way, next];
        if (seen.has(next)) continue;
        seen.add(next);
        longer.push([...way, next]);
      }
    }
    ways = longer;
  }
  return undefined;
}

function neededBy(name: string, classOf: ClassOf): string[] {
  const found = classOf(name);
  if (!found) return [];
  return requirementsOf(found)
    .filter(({ optional }) => !optional)
    .map(({ serviceClass }) => serviceClass);
}

/**
 * The classes whose services are to be ready before one of this class is promoted. Classes that need this one in their
 * turn are left out: in a circle nobody is first, and each would wait for the other until its time is up.
 */
export function awaitedClasses(serviceClass: Named, classOf: ClassOf): string[] {
  const { name } = serviceClass.metadata;
  return neededBy(name, classOf).filter((needed) => !wayBetween(needed, name, classOf));
}

function problemWith(serviceClass: Named, requirement: Requirement, classOf: ClassOf): Problem | undefined {
  const needed = classOf(requirement.serviceClass);
  if (!needed) {
    return {
      reason: 'ServiceClassNotFound',
      message: `service class ${requirement.serviceClass}, which it requires, does not exist: create it, or take it out of spec.requires`,
    };
  }
  return contractProblem(requirement, needed) ?? colocationProblem(serviceClass, requirement, needed);
}

function contractProblem({ contract, serviceClass }: Requirement, { spec }: Named): Problem | undefined {
  if (!contract) return undefined;
  const versions = (spec.provides ?? []).filter((entry) => entry.contract === contract.name).map((e) => e.version);
  if (versions.some((version) => isCompatible(version, contract.atLeast))) return undefined;
  const [major] = contract.atLeast.split('.');
  const offer = versions.length > 0 ? `only ${versions.join(', ')}` : 'none of that name';
  return {
    reason: 'ContractNotProvided',
    message: `it requires contract ${contract.name} ${contract.atLeast} or a later ${major}.x of service class ${serviceClass}, which provides ${offer}`,
  };
}

/** Two services can only live together wherever one of them goes if they have places in the same regions. */
function colocationProblem({ spec }: Named, requirement: Requirement, needed: Named): Problem | undefined {
  if (!requirement.colocated) return undefined;
  const [own, other] = [spec.crossRegion, needed.spec.crossRegion];
  const hasPlaces = other.mode === 'Active' ? isNoLater(other.fromTier, own.fromTier) : other.fromTier === own.fromTier;
  if (own.mode === 'Backup' && other.mode !== 'None' && hasPlaces) return undefined;
  const placeOf = ({ fromTier, mode }: typeof own): string => (fromTier ? `${mode} from tier ${fromTier}` : mode);
  return {
    reason: 'ColocationImpossible',
    message: `it must live in one region with ${requirement.serviceClass}, but is ${placeOf(own)} while that one is ${placeOf(other)}: where one has no place the other is held`,
  };
}

/** Whether every tier that has a place from the one tier on also has one from the other tier on. */
const isNoLater = (from: Tier | undefined, than: Tier | undefined): boolean =>
  from !== undefined && than !== undefined && tier.options.indexOf(from) <= tier.options.indexOf(than);

function cycleProblem({ metadata }: Named, classOf: ClassOf): Problem[] {
  const cycle = findCycle(metadata.name, classOf);
  if (!cycle) return [];
  const message = `it needs itself by way of others: ${cycle.join(' needs ')}; none of them is promoted after another: mark one of these requirements as optional`;
  return [{ reason: 'DependencyCycle', message }];
}

/** What is wrong with what a class requires, seen with all other classes. */
function findProblems(serviceClass: Named, classOf: ClassOf): Problem[] {
  const requirements = requirementsOf(serviceClass);
  return [
    ...requirements.flatMap((requirement) => problemWith(serviceClass, requirement, classOf) ?? []),
    ...cycleProblem(serviceClass, classOf),
  ];
}

/** Whether what a class requires can be had, for its status. */
export function judgeRequirements(serviceClass: Named, classOf: ClassOf): ConditionState {
  const type = 'DependenciesMet';
  const problems = findProblems(serviceClass, classOf);
  const [first] = problems;
  if (first) {
    const message = problems.map((problem) => problem.message).join('; ');
    return { type, status: 'False', reason: first.reason, message };
  }
  const names = requirementsOf(serviceClass).map((requirement) => requirement.serviceClass);
  const message = names.length > 0 ? `it requires ${names.join(', ')}` : 'it requires nothing';
  return { type, status: 'True', reason: 'AsDeclared', message };
}
