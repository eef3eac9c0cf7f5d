import type { Effect } from '../../api/impact.ts';
import { effect, effectIf } from './effect.ts';
import type { CentreFacts, Failure, ServiceFacts, TenantFacts, TransitFacts } from './facts.ts';
import type { TransitWorld, Way } from './worlds.ts';

type CentreLost = Extract<Failure, { kind: 'TransitCentre' }>;

/** The transit centre of a region: the first that serves it as its best one, else the first that serves it at all. */
function centreOf<T extends Pick<CentreFacts, 'name' | 'regions'>>(
  region: string,
  centres: readonly T[],
): T | undefined {
  return (
    centres.find(({ regions }) => regions[0] === region) ?? centres.find(({ regions }) => regions.includes(region))
  );
}

/** The other one of the pair first. */
function substitutes({ centres }: TransitFacts, lost: CentreFacts): CentreFacts[] {
  const others = centres.filter(({ name }) => name !== lost.name);
  return [...others.filter(({ pair }) => pair === lost.pair), ...others.filter(({ pair }) => pair !== lost.pair)];
}

/** Numbers follow the pair, and another pair of the geography only where the group allows it. */
function callsAt(transit: TransitFacts, lost: CentreFacts): string | undefined {
  return substitutes(transit, lost).find(
    ({ geography, pair, voice }) =>
      voice && (pair === lost.pair || (transit.acrossPairs && geography === lost.geography)),
  )?.name;
}

/** Private networks are connected to every centre of the tenant; who has the internet too comes in by that at the worst. */
function sessionsBy(transit: TransitFacts, lost: CentreFacts): Way | undefined {
  const centre = substitutes(transit, lost).find(({ mpls }) => mpls)?.name;
  if (centre !== undefined) return { centre };
  return transit.connectivity === 'Both' ? { via: 'Internet' } : undefined;
}

function representativeIn({ mpls, phonesAt, sessionsBy: by }: Omit<TransitWorld, 'representative'>): Effect[] {
  if (mpls) return [by ? effect('Reconnects', { ...by }) : effect('CutOff')];
  if (phonesAt === undefined) return [effect('PhoneOut')];
  return effectIf(true, 'PhoneMoves', { centre: phonesAt });
}

/** Undefined: the tenant does not use the centre, or nothing that it uses there is lost. */
export function transitWorld({ home, services, transit }: TenantFacts, failure: CentreLost): TransitWorld | undefined {
  const lost = transit.centres.find(({ name }) => name === failure.centre);
  const voice = failure.paths.includes('Voice');
  // Felt only where the private network is the way in.
  const mpls = failure.paths.includes('Mpls') && transit.connectivity !== 'Internet';
  if (!lost || !(voice || mpls)) return undefined;
  const hasOtherWay = ({ mode, servesIn }: ServiceFacts): boolean =>
    mode === 'Active' &&
    servesIn.some((region) => {
      const centre = region === home ? undefined : centreOf(region, transit.centres);
      return centre !== undefined && centre.name !== lost.name && centre.voice;
    });
  const world = {
    home,
    centre: lost.name,
    voice,
    mpls,
    isPrimary: transit.primary === lost.name,
    hasPrivateMail: transit.connectivity !== 'Internet',
    callsAt: callsAt(transit, lost),
    phonesAt: substitutes(transit, lost).find((centre) => centre.voice)?.name,
    sessionsBy: sessionsBy(transit, lost),
    servicesOf: (functionality: ServiceFacts['functionality']) =>
      services.filter((service) => service.functionality === functionality),
    hasOtherWay,
  };
  return { ...world, representative: representativeIn(world) };
}
