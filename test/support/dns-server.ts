import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import type { DNSRecord } from '../../src/decide/desired/traffic.ts';

/**
 * An authoritative name server on loopback that says what DNSEndpoint objects say, as ExternalDNS and a provider would
 * make it known: UDP, and TCP where an answer does not fit. Of a set that is shared by weight it answers one, in turn and
 * in proportion.
 */

const TYPES = { A: 1, CNAME: 5, AAAA: 28, SRV: 33, NAPTR: 35 } as const;
const CLASS_IN = 1;
const HEADER = 12;
const MOST_OVER_UDP = 512;
const MOST_HOPS = 8;
const NO_SUCH_NAME = 3;
const TRUNCATED = 0x0200;
/** An answer, with authority. */
const ANSWER = 0x8400;

interface Asked {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  /** As it came: it is said again in the answer. */
  readonly question: Buffer;
}

export interface NameServer extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** How many questions came over TCP. */
  readonly overTcp: () => number;
  readonly asked: () => number;
}

const nameIn = (text: string): string => text.toLowerCase().replace(/\.$/, '');
const u16 = (...values: number[]): Buffer =>
  Buffer.concat(values.map((value) => Buffer.from([value >> 8, value & 255])));

function encodeName(name: string): Buffer {
  const labels = nameIn(name)
    .split('.')
    .filter((label) => label !== '');
  const parts = labels.map((label) => {
    if (label.length > 63) throw new Error(`the label ${label} is too long`);
    return Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]);
  });
  return Buffer.concat([...parts, Buffer.from([0])]);
}

const encodeText = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);

function encodeIPv6(text: string): Buffer {
  const [head = '', tail] = text.split('::');
  const words = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const [first, last] = [words(head), tail === undefined ? [] : words(tail)];
  return u16(...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last);
}

function encodeTarget(type: DNSRecord['recordType'], target: string): Buffer {
  switch (type) {
    case 'A':
      return Buffer.from(target.split('.').map(Number));
    case 'AAAA':
      return encodeIPv6(target);
    case 'CNAME':
      return encodeName(target);
    case 'SRV': {
      const [priority, weight, port, host] = target.split(' ');
      if (!host?.endsWith('.')) throw new Error(`the host of the SRV target "${target}" does not end with a dot`);
      return Buffer.concat([u16(Number(priority), Number(weight), Number(port)), encodeName(host)]);
    }
    case 'NAPTR': {
      const match = /^(\d+) (\d+) "([^"]*)" "([^"]*)" "([^"]*)" (\S+\.)$/.exec(target);
      if (!match) throw new Error(`"${target}" is no NAPTR target`);
      const [, order, preference, flags = '', service = '', expression = '', replacement = ''] = match;
      return Buffer.concat([
        u16(Number(order), Number(preference)),
        ...[flags, service, expression].map(encodeText),
        encodeName(replacement),
      ]);
    }
  }
}

function encodeRecords({ dnsName, recordTTL, recordType, targets }: DNSRecord): Buffer[] {
  return targets.map((target) => {
    const data = encodeTarget(recordType, target);
    const head = u16(TYPES[recordType], CLASS_IN, 0, recordTTL, data.length);
    return Buffer.concat([encodeName(dnsName), head, data]);
  });
}

function readQuestion(packet: Buffer): Asked | undefined {
  const labels: string[] = [];
  let at = HEADER;
  for (let size = packet[at] ?? 0; size > 0; size = packet[at] ?? 0) {
    labels.push(packet.toString('latin1', at + 1, at + 1 + size));
    at += 1 + size;
    if (at >= packet.length) return undefined;
  }
  const end = at + 5;
  if (packet.length < end) return undefined;
  const question = packet.subarray(HEADER, end);
  return { id: packet.readUInt16BE(0), name: nameIn(labels.join('.')), type: packet.readUInt16BE(at + 1), question };
}

const weightOf = ({ providerSpecific }: DNSRecord): number => Number(providerSpecific?.[0]?.value ?? 1);

/** Of a shared set one, in proportion to the weights: over 100 questions each one as often as its weight says. */
function choose(records: readonly DNSRecord[], turn: number): DNSRecord[] {
  if (records[0]?.setIdentifier === undefined) return [...records];
  const total = records.reduce((sum, record) => sum + weightOf(record), 0);
  let left = turn % Math.max(1, total);
  const chosen = records.find((record) => {
    left -= weightOf(record);
    return left < 0;
  });
  return chosen ? [chosen] : [];
}

/** What answers a question: the records of the name, or of the name that it stands for. */
function answersTo({ name, type }: Asked, records: readonly DNSRecord[], turn: number): DNSRecord[] {
  const answers: DNSRecord[] = [];
  let host = name;
  for (let hop = 0; hop < MOST_HOPS; hop++) {
    const here = records.filter(({ dnsName }) => nameIn(dnsName) === host);
    const found = here.filter(({ recordType }) => TYPES[recordType] === type);
    if (found.length > 0) return [...answers, ...choose(found, turn)];
    const [alias] = choose(
      here.filter(({ recordType }) => recordType === 'CNAME'),
      turn,
    );
    if (!alias) return answers;
    answers.push(alias);
    host = nameIn(alias.targets[0] ?? '');
  }
  return answers;
}

function respond(packet: Buffer, records: readonly DNSRecord[], turn: number, most: number): Buffer | undefined {
  const asked = readQuestion(packet);
  if (!asked) return undefined;
  const answers = answersTo(asked, records, turn).flatMap(encodeRecords);
  const head = (flags: number, count: number): Buffer => u16(asked.id, flags, 1, count, 0, 0);
  const isKnown = records.some(({ dnsName }) => nameIn(dnsName) === asked.name);
  const flags = isKnown ? ANSWER : ANSWER | NO_SUCH_NAME;
  const whole = Buffer.concat([head(flags, answers.length), asked.question, ...answers]);
  return whole.length <= most ? whole : Buffer.concat([head(ANSWER | TRUNCATED, 0), asked.question]);
}

/** @param records asked for anew with each question */
export async function startNameServer(records: () => readonly DNSRecord[]): Promise<NameServer> {
  let turn = 0;
  let overTcp = 0;
  const udp: Socket = createSocket('udp4');
  udp.on('message', (packet, from) => {
    const answer = respond(packet, records(), turn++, MOST_OVER_UDP);
    if (answer) udp.send(answer, from.port, from.address);
  });
  const tcp: Server = createServer((connection) => {
    connection.on('error', () => connection.destroy());
    connection.on('data', (data) => {
      overTcp++;
      const answer = respond(data.subarray(2), records(), turn++, 65_535);
      if (answer) connection.end(Buffer.concat([u16(answer.length), answer]));
    });
  });
  const port = await listenTwice(tcp, udp);
  return {
    address: `127.0.0.1:${port}`,
    overTcp: () => overTcp,
    asked: () => turn,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((done) => udp.close(done));
      await new Promise<void>((done) => tcp.close(() => done()));
    },
  };
}

/** One port for both: what is free for TCP is nearly always free for UDP, which few programs use; else it is tried again. */
async function listenTwice(tcp: Server, udp: Socket): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    await new Promise<void>((done) => tcp.listen(0, '127.0.0.1', done));
    const address = tcp.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const isBound = await new Promise<boolean>((done) => {
      udp.once('error', () => done(false));
      udp.bind(port, '127.0.0.1', () => done(true));
    });
    if (isBound) return port;
    if (attempt === 20) throw new Error('no port is free for UDP and TCP');
    await new Promise<void>((done) => tcp.close(() => done()));
  }
}
