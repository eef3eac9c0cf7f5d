import type { IUGroup } from '../../api/iu-group.ts';
import type { ServiceClass } from '../../api/service-class.ts';
import type { ServiceInstance } from '../../api/service-instance.ts';
import { regionsOf } from '../../decide/assignment.ts';
import { modeOf } from '../../decide/mode-change.ts';
import { checkRegion } from '../../decide/regions.ts';
import { keyOf } from '../../kube/object.ts';
import type { View } from '../output.ts';
import { formatTable } from '../table.ts';

interface RegionAnswer {
  readonly region: string;
  readonly answer: 'Active' | 'Standby' | 'Serves' | 'NotHere';
  readonly why: string;
}

export interface Explanation {
  readonly instance: string;
  readonly serviceClass: string;
  readonly mode: string;
  readonly activeRegion: string | undefined;
  readonly since: string | undefined;
  readonly epoch: number;
  readonly why: string;
  readonly regions: readonly RegionAnswer[];
  readonly hold?: string;
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
}

const WHY = {
  Assigned: 'it was placed there when it was first assigned',
  FailedOver: 'its region was lost, so it was moved',
  SwitchedBack: 'it was moved home to its primary region',
  Moved: 'its primary region was changed, or it followed a service that it must live with',
  Evacuated: 'a person wanted its region empty',
  RegionSick: 'its region was sick, so it was moved',
} as const;

function answerFor(
  instance: ServiceInstance,
  group: IUGroup,
  serviceClass: ServiceClass | undefined,
  region: string,
): RegionAnswer {
  const { assignment, placements } = instance.status ?? {};
  const placed = placements?.find((entry) => entry.region === region);
  const limits = [{ of: `the tenants of ${instance.metadata.name}`, countries: instance.spec.countries }];
  const allowed = checkRegion({ group, limits }, region);
  if (!allowed.ok) return { region, answer: 'NotHere', why: allowed.message };
  if (!regionsOf(instance).includes(region)) {
    const why =
      serviceClass && modeOf(assignment, serviceClass) === 'None'
        ? 'the class stays in one region'
        : 'none of its tenants has this region among theirs, or their tier has no place for the class there';
    return { region, answer: 'NotHere', why };
  }
  if (assignment?.activeRegion === region)
    return {
      region,
      answer: 'Active',
      why: `${placed?.phase ?? 'Unknown'}, ${placed?.ready ?? 0} of ${placed?.planned ?? 0} instances ready`,
    };
  if (placed?.role === 'Active' || placed?.role === 'ActiveLimited')
    return { region, answer: 'Serves', why: `${placed.role}, ${placed.ready} of ${placed.planned} instances ready` };
  const follows = assignment?.successors.includes(region) === true;
  const stands = placed?.standby
    ? `, ${placed.standby.mode} with ${placed.standby.ready} of ${placed.standby.planned} ready`
    : '';
  return {
    region,
    answer: 'Standby',
    why: `${follows ? 'may follow' : 'may not follow now'}: ${placed?.phase ?? 'nothing is known of it'}${stands}`,
  };
}

/** Why a service is where it is, and why not elsewhere. */
export function explain(
  instance: ServiceInstance,
  group: IUGroup,
  serviceClass: ServiceClass | undefined,
): Explanation {
  const { assignment, hold, conditions = [] } = instance.status ?? {};
  return {
    instance: keyOf(instance),
    serviceClass: instance.spec.serviceClassRef.name,
    mode: serviceClass ? modeOf(assignment, serviceClass) : 'unknown: the class does not exist',
    activeRegion: assignment?.activeRegion,
    since: assignment?.since,
    epoch: assignment?.epoch ?? 0,
    why: assignment ? WHY[assignment.reason] : 'it has not been assigned yet',
    regions: group.spec.infrastructureUnits.map(({ region }) => answerFor(instance, group, serviceClass, region)),
    ...(hold && {
      hold: `${hold.wanted} is held (${hold.reason}): ${hold.message}${hold.until ? `; until ${hold.until}` : ''}${hold.endsWhen ? `; ends when ${hold.endsWhen}` : ''}`,
    }),
    conditions: conditions.map(({ type, status, reason, message }) => ({ type, status, reason, message })),
  };
}

export const explainView = (explanation: Explanation): View => ({
  data: explanation,
  text: (paint) =>
    [
      `${paint('bold', explanation.instance)}: class ${explanation.serviceClass}, mode ${explanation.mode}`,
      explanation.activeRegion === undefined
        ? 'It is active nowhere: it has not been assigned yet.'
        : `It is active in ${paint('bold', explanation.activeRegion)} since ${explanation.since} at epoch ${explanation.epoch}: ${explanation.why}.`,
      ...(explanation.hold ? [paint('yellow', explanation.hold)] : []),
      '',
      formatTable(
        ['REGION', 'HERE', 'WHY'],
        explanation.regions.map(({ region, answer, why }) => [
          region,
          answer === 'NotHere' ? paint('dim', 'no') : answer,
          why,
        ]),
      ),
      '',
      formatTable(
        ['CONDITION', 'STATUS', 'REASON', 'MESSAGE'],
        explanation.conditions.map(({ type, status, reason, message }) => [type, status, reason, message]),
      ),
    ].join('\n'),
});
