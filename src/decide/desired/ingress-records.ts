import type { TrafficPolicy } from '../../api/traffic.ts';
import type { IngressStatus, TransitCentre } from '../../api/transit-centre.ts';
import type { DNSRecord } from './traffic.ts';

/** How SIP is asked for (RFC 3263): the NAPTR record names the SRV record, which names hosts and ports. */
export const SIP_SERVICES = [
  { label: '_sips._tcp', naptr: '"SIPS+D2T"', order: 10 },
  { label: '_sip._udp', naptr: '"SIP+D2U"', order: 20 },
] as const;

const below = (domain: string): string => `transit.${domain}`;
/** `<centre>.transit.<domain>`: the alias of a centre. It leads to the centre that serves its callers now. */
export const centreHost = (centre: string, domain: string): string => `${centre}.${below(domain)}`;
/** `<pair>.pairs.transit.<domain>`: the centres of a pair together. */
const pairHost = (pair: string, domain: string): string => `${pair}.pairs.${below(domain)}`;
/** `<geography>.geographies.transit.<domain>`: the general centres of a geography together. */
const geographyHost = (geography: string, domain: string): string =>
  `${geography.toLowerCase()}.geographies.${below(domain)}`;
/** `<number>.<centre>.hosts.transit.<domain>`: an address of a centre, because SRV names hosts only. Never moves. */
const addressHost = (index: number, centre: string, domain: string): string =>
  `${index + 1}.${centre}.hosts.${below(domain)}`;

type VoiceCentre = TransitCentre & { readonly voice: NonNullable<TransitCentre['voice']> };

const hasVoice = (centre: TransitCentre): centre is VoiceCentre => centre.voice !== undefined;
const isIpV4 = (host: string): boolean => /^[0-9]{1,3}(\.[0-9]{1,3}){3}$/.test(host);
const isAddress = (host: string): boolean => isIpV4(host) || host.includes(':');
const addressType = (host: string): 'A' | 'AAAA' => (isIpV4(host) ? 'A' : 'AAAA');

/** Hosts of a centre as SRV names them, its addresses by the names that are written for them. */
const hostsOf = ({ name, voice }: VoiceCentre, domain: string): string[] =>
  voice.targets.map((target, index) => (isAddress(target) ? addressHost(index, name, domain) : target));

function addressRecords(centre: VoiceCentre, { domain, tenantTtlSeconds }: TrafficPolicy): DNSRecord[] {
  return centre.voice.targets.flatMap((target, index) =>
    isAddress(target)
      ? [
          {
            dnsName: addressHost(index, centre.name, domain),
            recordTTL: tenantTtlSeconds,
            recordType: addressType(target),
            targets: [target],
          },
        ]
      : [],
  );
}

/** A name for SIP, and the centres where its callers enter. */
function sipRecords(host: string, serving: readonly VoiceCentre[], policy: TrafficPolicy): DNSRecord[] {
  const { domain, ingressTtlSeconds: recordTTL } = policy;
  const entries = serving.flatMap((centre) =>
    hostsOf(centre, domain).map((target) => `10 10 ${centre.voice.port} ${target}.`),
  );
  const targets = [...new Set(entries)];
  const naptr = SIP_SERVICES.map(
    ({ label, naptr: service, order }) => `${order} 50 "S" ${service} "" ${label}.${host}.`,
  );
  return [
    { dnsName: host, recordTTL, recordType: 'NAPTR', targets: naptr },
    ...SIP_SERVICES.map(
      ({ label }): DNSRecord => ({ dnsName: `${label}.${host}`, recordTTL, recordType: 'SRV', targets }),
    ),
  ];
}

/** For clients that know neither NAPTR nor SRV. Where a centre is told by host names there is none: beside NAPTR no CNAME may stand. */
function plainRecords(host: string, { voice }: VoiceCentre, { ingressTtlSeconds }: TrafficPolicy): DNSRecord[] {
  return (['A', 'AAAA'] as const).flatMap((recordType) => {
    const targets = voice.targets.filter((target) => isAddress(target) && addressType(target) === recordType);
    return targets.length > 0 ? [{ dnsName: host, recordTTL: ingressTtlSeconds, recordType, targets }] : [];
  });
}

function groupBy(centres: readonly VoiceCentre[], key: (centre: VoiceCentre) => string): [string, VoiceCentre[]][] {
  const groups = new Map<string, VoiceCentre[]>();
  for (const centre of centres) groups.set(key(centre), [...(groups.get(key(centre)) ?? []), centre]);
  return [...groups].sort(([x], [y]) => (x < y ? -1 : 1));
}

/**
 * The names by which calls come in: of each centre, of each pair and of each geography. They lead to the centres that
 * serve now. A centre of which nothing usable is decided serves itself, so no name is ever without a target; centres that
 * are only announced have none. Empty where no centre takes voice.
 */
export function computeIngressRecords(
  centres: readonly TransitCentre[],
  status: readonly { readonly name: string; readonly ingress?: Pick<IngressStatus, 'servedBy'> | undefined }[],
  policy: TrafficPolicy,
): DNSRecord[] {
  const voiced = centres.filter(({ state }) => state === 'Active').filter(hasVoice);
  const decided = new Map(status.map(({ ingress, name }) => [name, ingress?.servedBy]));
  const servingFor = (centre: VoiceCentre): VoiceCentre =>
    voiced.find(({ name }) => name === decided.get(centre.name)) ?? centre;
  const together = (host: string, members: readonly VoiceCentre[]): DNSRecord[] =>
    sipRecords(host, members.map(servingFor), policy);
  const { domain } = policy;
  const general = voiced.filter(({ use }) => use === 'General');
  return [
    ...voiced.flatMap((centre) => {
      const host = centreHost(centre.name, domain);
      return [...sipRecords(host, [servingFor(centre)], policy), ...plainRecords(host, servingFor(centre), policy)];
    }),
    ...groupBy(general, ({ pair }) => pair).flatMap(([pair, of]) => together(pairHost(pair, domain), of)),
    ...groupBy(general, ({ geography }) => geography).flatMap(([geography, of]) =>
      together(geographyHost(geography, domain), of),
    ),
    ...voiced.flatMap((centre) => addressRecords(centre, policy)),
  ];
}
