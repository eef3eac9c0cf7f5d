import { z } from 'zod';

export const GROUP = 'switchback.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

/** Namespace on the hub, and in every region, that holds what is shared by tenants. */
export const SYSTEM_NAMESPACE = 'switchback-system';

/** A CEL rule for the API server: `rule` must be true, or the write is refused with `message`. */
export interface CelRule {
  readonly rule: string;
  /** Says what is wrong and how to put it right. */
  readonly message: string;
  readonly fieldPath?: string;
  readonly reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate';
}

/** Attaches CEL rules to a schema; the CRD generator copies them. */
export const cel = (...rules: CelRule[]) => ({ 'x-kubernetes-validations': rules });
/** A list whose items are told apart by `keys`, so that several writers can own items of their own. */
export const listMap = (...keys: string[]) => ({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys });
export const listSet = { 'x-kubernetes-list-type': 'set' };
export const listAtomic = { 'x-kubernetes-list-type': 'atomic' };
/** Owned as a whole by who wrote it last: `managedFields` has one entry in place of one for each field. */
export const mapAtomic = { 'x-kubernetes-map-type': 'atomic' };

/** A map of at most `max` entries. zod has no such bound, so it is given to the API server and to zod apart. */
export const boundedRecord = <Value extends z.ZodType>(key: z.ZodString, value: Value, max: number) =>
  z
    .record(key, value)
    .refine((map) => Object.keys(map).length <= max, `must have at most ${max} entries`)
    .meta({ maxProperties: max });

/** Rule at the root: children and labels carry the name, so it must be short and have no dots. */
export const shortName = (max: number): CelRule => ({
  rule: `self.metadata.name.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= ${max}`,
  message: `metadata.name must be a DNS label of at most ${max} characters (no dots): labels and the names of children are made from it`,
});

export const immutable = (field: string, why: string): CelRule => ({
  rule: `self.${field} == oldSelf.${field}`,
  message: `${field} cannot be changed: ${why}`,
});

/**
 * A string that must match `expression`. The API server's own message only quotes the expression, so a CEL rule beside
 * it says `hint`: what to write. The expression may have no flags and no single quote.
 */
const matching = (length: { min: number; max: number }, expression: RegExp, hint: string) =>
  z
    .string()
    .min(length.min)
    .max(length.max)
    .regex(expression, hint)
    .meta(cel({ rule: `self.matches(r'${expression.source}')`, message: hint }));

export const dnsLabel = (max = 63) =>
  matching(
    { min: 1, max },
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    `must be a DNS label: lower-case letters, digits and '-', with a letter or digit at both ends`,
  );
/** DNS labels joined by dots, one or more: what most names of objects may be. */
export const dnsSubdomain = matching(
  { min: 1, max: 253 },
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  `must be a DNS subdomain: lower-case letters, digits, '-' and '.', with a letter or digit at both ends`,
);
/** `namespace/name` of an object whose name is a DNS label. */
export const objectKey = matching(
  { min: 3, max: 127 },
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?[/][a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  `must be 'namespace/name', for example 'switchback-system/voice'`,
);
/** Names of some objects, each once. */
export const objectKeys = (max: number) => z.array(objectKey).min(1).max(max).meta(listSet);
/** Labels joined by dots, two or more. */
export const dnsDomain = (max: number) =>
  matching(
    { min: 3, max },
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/,
    `must be a DNS domain in lower case, for example 'voice.example.com'`,
  );
/** A Kubernetes quantity without a sign or an exponent. */
export const quantity = matching(
  { min: 1, max: 20 },
  /^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/,
  `must be a quantity: a number and a unit, for example '250m' or '64Mi'`,
);
export const imageByDigest = matching(
  { min: 1, max: 512 },
  /^[a-z0-9][-a-z0-9._:/]*@sha256:[0-9a-f]{64}$/,
  `must name the image by digest, 'name@sha256:' and 64 hexadecimal digits: a tag may mean another image tomorrow`,
);
/** In the order of `Date.getUTCDay`. */
export const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
export const date = matching(
  { min: 10, max: 10 },
  /^[0-9]{4}-[01][0-9]-[0-3][0-9]$/,
  `must be a date, for example '2026-03-01'`,
);
export const timeOfDay = matching(
  { min: 5, max: 5 },
  /^([01][0-9]|2[0-3]):[0-5][0-9]$/,
  `must be a time of day with two digits each, from '00:00' to '23:59'`,
);
/** Only the form: which zones there are the hub knows, and says so at the group. */
export const timeZone = matching(
  { min: 3, max: 64 },
  /^(UTC|[A-Z][A-Za-z0-9_+-]*([/][A-Za-z0-9_+-]+)+)$/,
  `must be an IANA time zone: 'UTC', or an area and a place, for example 'Europe/Berlin'`,
);
/** Version of a contract between services. */
export const contractVersion = matching(
  { min: 3, max: 11 },
  /^(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})$/,
  `must be a version 'major.minor' of two numbers without leading zeros, for example '2.1'`,
);
/** A region is a Kubernetes cluster; its name is part of object and DNS names. */
export const regionName = dnsLabel(40);
export const zoneName = dnsLabel(40);
export const reference = (what: string) =>
  z.object({ name: z.string().min(1).max(253).describe(`Name of the ${what}.`) });
export const seconds = (min: number, max: number) => z.int32().min(min).max(max);
export const count = (max: number, min = 0) => z.int32().min(min).max(max);
/** RFC 3339, as the API server writes it. */
export const timestamp = z.iso.datetime();
export const epoch = z
  .int()
  .min(0)
  .describe('Number of the decision: each change of who may be active, or may follow, raises it by one.');
export const country = matching(
  { min: 2, max: 2 },
  /^[A-Z]{2}$/,
  `must be a country code of two capital letters (ISO 3166-1), for example 'CA'`,
).describe('ISO 3166-1 alpha-2 country code, for example `CA`.');
export const geography = z
  .enum(['US', 'Canada', 'EMEA', 'APAC', 'India'])
  .describe('The part of the world; transit centres come in pairs per geography.');
/** ISO time of a wall-clock reading, for status fields. */
export const isoTime = (wallMs: number): string => `${new Date(wallMs).toISOString().slice(0, 19)}Z`;
/** A host name or an IP address, as resolvers and sockets take it. */
export const host = matching(
  { min: 1, max: 253 },
  /^([a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$/,
  `must be a host name or an IP address, for example 'sbc-1.example.com' or '192.0.2.7'`,
);
/** An IPv4 or IPv6 address; what is none of both is no address of anybody, and harms nothing. */
export const ipAddress = matching(
  { min: 2, max: 45 },
  /^([0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$/,
  `must be an IPv4 or IPv6 address, for example '192.0.2.7'`,
);
/** Path and query of a URL, in printable ASCII. */
export const urlPath = matching(
  { min: 1, max: 256 },
  /^[/][!-"$-~]*$/,
  `must be a URL path that begins with '/', without spaces and '#', for example '/healthz'`,
);
/** An IP address and perhaps a port, as a resolver takes a name server. */
export const ipEndpoint = matching(
  { min: 3, max: 60 },
  /^([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?$/,
  `must be an IP address and perhaps a port, for example '192.0.2.53' or '[2001:db8::53]:5353'`,
);

/** A number and what it counts, for people: `1 service`, `0 services`. */
export const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
