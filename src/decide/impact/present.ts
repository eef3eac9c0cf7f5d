import type { ConditionState, Reason } from '../../api/conditions.ts';
import { type ImpactRow, MOST_FAILURES } from '../../api/impact.ts';
import type { TransitPath } from '../../api/transit-centre.ts';
import { describeFailure } from './effects.ts';
import type { Failure, ServiceFacts, TenantFacts } from './facts.ts';
import { computeImpact } from './impact.ts';
import { feltRows, rankOfRow } from './rows.ts';
import { fateOf } from './service-fate.ts';

/** What has failed in a group, as far as the hub sees. */
export interface PresentState {
  readonly regions: readonly string[];
  readonly zones: readonly { readonly region: string; readonly zone: string }[];
  readonly centres: readonly {
    readonly centre: string;
    readonly paths: readonly TransitPath[];
    /** Its calls come in through another one. */
    readonly hasMoved: boolean;
  }[];
}

/** What a tenant feels of one failure now. */
export interface Felt {
  readonly failure: PresentFailure;
  readonly rows: readonly ImpactRow[];
}
export type PresentFailure = Exclude<Failure, { kind: 'PlannedSwitch' }>;

const isWithout =
  (lost: readonly string[]) =>
  (region: string): boolean =>
    !lost.includes(region);

/** The facts without the places that are lost for another reason. */
function without(facts: TenantFacts, lost: readonly string[]): TenantFacts {
  if (lost.length === 0) return facts;
  const isLeft = isWithout(lost);
  const services = facts.services.map((service) => ({
    ...service,
    servesIn: service.servesIn.filter(isLeft),
    standsByIn: service.standsByIn.filter(isLeft),
  }));
  return { ...facts, services };
}

function feltOfRegion(facts: TenantFacts, region: string, lost: readonly string[]): Felt {
  const failure = { kind: 'Region', region } as const;
  const left = without(
    facts,
    lost.filter((other) => other !== region),
  );
  const isSettled = left.services.every((service) => fateOf(service, left.home, failure).kind !== 'Moves');
  return { failure, rows: feltRows(computeImpact(left, failure), isSettled) };
}

/** Not ready, and no lost region says why. */
function unexplained({ home, services }: TenantFacts, lost: readonly string[]): readonly string[] {
  const isTold = ({ mode, servesIn }: ServiceFacts): boolean =>
    servesIn.some((region) => lost.includes(region)) || (mode === 'Backup' && lost.includes(home));
  return services.filter((each) => each.ready === false && !isTold(each)).map(({ serviceClass }) => serviceClass);
}

const worstOf = ({ rows }: Felt): number => Math.max(0, ...rows.map(rankOfRow));

/** What a tenant feels now, by failure, the worst first. What is not felt is left out. */
export function computeFelt(facts: TenantFacts, { centres, regions, zones }: PresentState): readonly Felt[] {
  const services = unexplained(facts, regions);
  const all: Felt[] = [
    ...regions.map((region) => feltOfRegion(facts, region, regions)),
    ...centres.map(({ centre, hasMoved, paths }): Felt => {
      const failure = { kind: 'TransitCentre', centre, paths } as const;
      return { failure, rows: feltRows(computeImpact(facts, failure), hasMoved) };
    }),
    ...zones.map(({ region, zone }): Felt => {
      const failure = { kind: 'Zone', region, zone } as const;
      return { failure, rows: feltRows(computeImpact(facts, failure), false) };
    }),
  ];
  if (services.length > 0) {
    const failure = { kind: 'Services', services: [...new Set(services)].sort() } as const;
    all.push({ failure, rows: feltRows(computeImpact(facts, failure), false) });
  }
  return all
    .filter(({ rows }) => rows.length > 0)
    .sort((x, y) => worstOf(y) - worstOf(x))
    .slice(0, MOST_FAILURES);
}

const REASON_OF: Readonly<Record<PresentFailure['kind'], Reason>> = {
  Region: 'RegionLost',
  Zone: 'ZoneLost',
  TransitCentre: 'TransitCentreLost',
  Services: 'AwaitingReadiness',
};

/** Whether anybody of a tenant feels a failure now. */
export function judgeFelt(felt: readonly Felt[]): ConditionState {
  const type = 'ImpactFree';
  const [worst, ...others] = felt;
  if (!worst) return { type, status: 'True', reason: 'AsDeclared', message: 'nobody feels a failure' };
  const names = worst.rows.map(({ functionality }) => functionality).join(', ');
  const more = others.map(({ failure }) => describeFailure(failure)).join(', ');
  const message = `${describeFailure(worst.failure)}: felt in ${names}${more && `; also, ${more}`}`;
  return { type, status: 'False', reason: REASON_OF[worst.failure.kind], message };
}
