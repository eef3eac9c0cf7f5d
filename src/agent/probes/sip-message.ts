import { isIPv6 } from 'node:net';

/** A larger message is none: OPTIONS and its answers have some hundred bytes. */
export const MAX_SIP_BYTES = 16_384;
const MAX_HEAD_CHARS = 8_192;
const MAX_LINES = 100;
/** What begins a branch of RFC 3261; older ones are not unique. */
const COOKIE = 'z9hG4bK';

/** What of a SIP message is looked at: its start line and the fields that say what belongs to what. */
export interface SipHead {
  readonly start:
    | { readonly kind: 'Request'; readonly method: string }
    | { readonly kind: 'Response'; readonly status: number };
  /** The values of all Via fields in order, as they came. */
  readonly via: readonly string[];
  /** Of the topmost Via. */
  readonly branch: string | undefined;
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: { readonly number: number; readonly method: string };
  /** Undefined: not said. */
  readonly contentLength: number | undefined;
}

const RESPONSE = /^SIP\/2\.0 ([1-6][0-9]{2}) /;
const REQUEST = /^([A-Z]{1,32}) sips?:[!-~]{1,512} SIP\/2\.0$/;
const FIELD = /^([-A-Za-z0-9.!%*_+`'~]{1,64})[ \t]*:(.*)$/;
const CSEQ = /^([0-9]{1,10})[ \t]+([A-Z]{1,32})$/;
const BRANCH = /;[ \t]*branch[ \t]*=[ \t]*([-A-Za-z0-9.!%*_+`'~]{1,256})/i;
const COMPACT: Readonly<Record<string, string>> = { v: 'via', f: 'from', t: 'to', i: 'call-id', l: 'content-length' };
/** Each of these stands in a message once; `via` at least once. */
const SINGLE: ReadonlySet<string> = new Set(['from', 'to', 'call-id', 'cseq', 'content-length']);

/**
 * Reads the message of one datagram. Strict where it matters (the fields that match an answer to its question, the
 * lengths), indifferent to the rest. Undefined when it is none. Never throws, whatever the bytes are.
 */
export function parseDatagram(bytes: Buffer): SipHead | undefined {
  if (bytes.length > MAX_SIP_BYTES) return undefined;
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = parseHead(text.slice(0, end));
  const isWhole = text.length - end - 4 >= (head?.contentLength ?? 0);
  return isWhole ? head : undefined;
}

/** Reads what stands before the empty line. Bytes are kept as Latin-1, so that what is copied is copied as it came. */
export function parseHead(text: string): SipHead | undefined {
  if (text.length > MAX_HEAD_CHARS) return undefined;
  const [first = '', ...lines] = text.split('\r\n');
  const start = parseStart(first);
  const fields = start && parseFields(lines);
  if (!start || !fields) return undefined;
  const one = (name: string): string => fields.get(name)?.[0] ?? '';
  const [from, to, callId] = [one('from'), one('to'), one('call-id')];
  const [, number = '', method = ''] = CSEQ.exec(one('cseq')) ?? [];
  const via = fields.get('via') ?? [];
  const length = fields.get('content-length')?.[0];
  const isLengthBad = length !== undefined && !/^[0-9]{1,5}$/.test(length);
  if (!from || !to || !callId || !method || !via[0] || isLengthBad || Number(number) >= 2 ** 31) return undefined;
  const branch = BRANCH.exec(splitVia(via[0])[0])?.[1];
  const contentLength = length === undefined ? undefined : Number(length);
  return { start, via, branch, from, to, callId, cseq: { number: Number(number), method }, contentLength };
}

function parseStart(line: string): SipHead['start'] | undefined {
  const status = RESPONSE.exec(line)?.[1];
  if (status !== undefined) return { kind: 'Response', status: Number(status) };
  const method = REQUEST.exec(line)?.[1];
  return method === undefined ? undefined : { kind: 'Request', method };
}

/** By name in lower case and in its long form. Undefined when a line is no field, or a single one comes twice. */
function parseFields(lines: readonly string[]): Map<string, string[]> | undefined {
  const fields = new Map<string, string[]>();
  const unfolded = unfold(lines);
  if (unfolded.length > MAX_LINES) return undefined;
  for (const line of unfolded) {
    const [, rawName, rawValue = ''] = FIELD.exec(line) ?? [];
    if (rawName === undefined || hasControl(rawValue)) return undefined;
    const lower = rawName.toLowerCase();
    const name = COMPACT[lower] ?? lower;
    const values = fields.get(name) ?? [];
    if (values.length > 0 && SINGLE.has(name)) return undefined;
    values.push(rawValue.trim());
    fields.set(name, values);
  }
  return fields;
}

/** A line that begins with white space goes on with the one before. */
function unfold(lines: readonly string[]): string[] {
  const result: string[] = [];
  for (const line of lines) {
    const last = result.at(-1);
    if (last !== undefined && /^[ \t]/.test(line)) result[result.length - 1] = `${last} ${line.trim()}`;
    else result.push(line);
  }
  return result;
}

/** Other control characters than a tab: what is copied into an answer must not make fields of its own. */
const hasControl = (text: string): boolean =>
  [...text].some((char) => (char < ' ' && char !== '\t') || char === '\u007f');

/** The topmost of the Vias that one field may hold, and the rest with its comma. */
function splitVia(value: string): readonly [top: string, rest: string] {
  let isQuoted = false;
  for (let at = 0; at < value.length; at++) {
    const char = value[at];
    if (char === '"' && value[at - 1] !== '\\') isQuoted = !isQuoted;
    if (char === ',' && !isQuoted) return [value.slice(0, at), value.slice(at)];
  }
  return [value, ''];
}

/** What makes a question unlike every other one. Made of tokens that are never repeated. */
export interface SipIds {
  readonly branch: string;
  readonly callId: string;
  readonly tag: string;
}

export const sipIds = (token: () => string): SipIds => ({
  branch: `${COOKIE}-${token()}`,
  callId: token(),
  tag: token(),
});

export type SipTransport = 'UDP' | 'TCP';

interface SipParty {
  readonly host: string;
  readonly port: number;
}

const hostOf = (host: string): string => (isIPv6(host) ? `[${host}]` : host);

/** An OPTIONS outside of any dialog (RFC 3261, section 11), to the SIP service itself and not to somebody behind it. */
export function optionsRequest(ids: SipIds, transport: SipTransport, from: SipParty, to: SipParty): string {
  const local = `${hostOf(from.host)}:${from.port}`;
  const suffix = transport === 'TCP' ? ';transport=tcp' : '';
  const target = `sip:${hostOf(to.host)}:${to.port}${suffix}`;
  return [
    `OPTIONS ${target} SIP/2.0`,
    `Via: SIP/2.0/${transport} ${local};branch=${ids.branch};rport`,
    'Max-Forwards: 70',
    `From: <sip:switchback@${hostOf(from.host)}>;tag=${ids.tag}`,
    `To: <${target}>`,
    `Call-ID: ${ids.callId}`,
    'CSeq: 1 OPTIONS',
    `Contact: <sip:switchback@${local}${suffix}>`,
    'Accept: application/sdp',
    'User-Agent: Switchback',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

/** Section 17.1.3: by branch and method. Call-ID and number besides, so that nobody answers who has not read the question. */
export const isAnswerTo = (ids: SipIds, { branch, callId, cseq, start }: SipHead): boolean =>
  start.kind === 'Response' &&
  branch === ids.branch &&
  callId === ids.callId &&
  cseq.number === 1 &&
  cseq.method === 'OPTIONS';

/**
 * The answer to a request from `source`. It goes back to where the request came from, so the top Via is told both
 * (section 18.2.1, RFC 3581).
 */
export function responseTo(
  request: SipHead,
  status: '200 OK' | '405 Method Not Allowed',
  source: SipParty,
  tag: string,
) {
  const [firstVia = '', ...otherVias] = request.via;
  const [top, rest] = splitVia(firstVia);
  const seen = top.replace(/;[ \t]*rport[ \t]*(?=;|$)/i, `;rport=${source.port}`);
  const to = /;[ \t]*tag[ \t]*=/i.test(request.to) ? request.to : `${request.to};tag=${tag}`;
  return [
    `SIP/2.0 ${status}`,
    `Via: ${seen};received=${source.host}${rest}`,
    ...otherVias.map((via) => `Via: ${via}`),
    `From: ${request.from}`,
    `To: ${to}`,
    `Call-ID: ${request.callId}`,
    `CSeq: ${request.cseq.number} ${request.cseq.method}`,
    'Allow: OPTIONS',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

/** Where an answer over UDP goes, at the address that the request came from: to the port it came from if it asks for that. */
export function replyPort({ via }: SipHead, sourcePort: number): number {
  const [top] = splitVia(via[0] ?? '');
  if (/;[ \t]*rport[ \t]*(=|;|$)/i.test(top)) return sourcePort;
  const port = Number(/^[^;]*:[ \t]*([0-9]{1,5})[ \t]*(;|$)/.exec(top)?.[1] ?? 5060);
  return port >= 1 && port <= 65_535 ? port : 5060;
}
