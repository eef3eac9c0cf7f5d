import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerTo } from '../../../test/support/sip-server.ts';
import {
  isAnswerTo,
  MAX_SIP_BYTES,
  optionsRequest,
  parseDatagram,
  replyPort,
  responseTo,
  type SipHead,
  sipIds,
} from './sip-message.ts';
import { createSipReader } from './sip-stream.ts';

const IDS = { branch: 'z9hG4bK-b1', callId: 'c1', tag: 't1' };
const US = { host: '192.0.2.1', port: 40_000 };
const REQUEST = optionsRequest(IDS, 'UDP', US, { host: 'sbc.example.com', port: 5060 });
const ANSWER = answerTo(REQUEST, '200 OK');
const parse = (text: string): SipHead | undefined => parseDatagram(Buffer.from(text, 'latin1'));
const parsed = (text: string): SipHead => {
  const head = parse(text);
  if (!head) throw new Error(`not understood: ${text}`);
  return head;
};
const replaced = (what: string | RegExp, by: string, text = ANSWER): string => {
  const result = text.replace(what, by);
  if (result === text) throw new Error(`${what} is not there`);
  return result;
};

describe('the question', () => {
  it('is an OPTIONS of RFC 3261, section 11, that asks for rport', () => {
    expect(REQUEST.split('\r\n')).toEqual([
      'OPTIONS sip:sbc.example.com:5060 SIP/2.0',
      'Via: SIP/2.0/UDP 192.0.2.1:40000;branch=z9hG4bK-b1;rport',
      'Max-Forwards: 70',
      'From: <sip:switchback@192.0.2.1>;tag=t1',
      'To: <sip:sbc.example.com:5060>',
      'Call-ID: c1',
      'CSeq: 1 OPTIONS',
      'Contact: <sip:switchback@192.0.2.1:40000>',
      'Accept: application/sdp',
      'User-Agent: Switchback',
      'Content-Length: 0',
      '',
      '',
    ]);
  });

  it('says where it goes over TCP, and puts IPv6 addresses in brackets', () => {
    const text = optionsRequest(IDS, 'TCP', { host: '2001:db8::1', port: 1 }, { host: '2001:db8::2', port: 5060 });
    expect(text).toContain('OPTIONS sip:[2001:db8::2]:5060;transport=tcp SIP/2.0\r\n');
    expect(text).toContain('Via: SIP/2.0/TCP [2001:db8::1]:1;branch=');
    expect(parse(text)).toMatchObject({ start: { kind: 'Request', method: 'OPTIONS' }, contentLength: 0 });
  });

  it('is unlike every other one', () => {
    let n = 0;
    const { branch, callId, tag } = sipIds(() => `${n++}`);
    expect([branch, callId, tag]).toEqual(['z9hG4bK-0', '1', '2']);
  });
});

describe('an answer', () => {
  it.each<[string, string]>([
    ['as it is meant', ANSWER],
    ['in compact form', replaced('Call-ID:', 'i:', replaced('From:', 'f :', replaced('Via:', 'v:')))],
    ['with names in capitals', replaced('Via:', 'VIA:')],
    ['with folded fields', replaced(';branch=', '\r\n ;branch=')],
    ['with a second Via in the field', replaced(';rport', ';rport=1, SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK-x')],
    ['with a comma in a quoted parameter', replaced(';branch=', ';x="a, b";branch=')],
    ['with fields that nobody knows', replaced('CSeq:', 'X-Any: \u00e4 "<>"\r\nCSeq:')],
    ['without a length, over UDP', replaced('Content-Length: 0\r\n', '')],
    ['with a body', replaced('Content-Length: 0\r\n\r\n', 'Content-Length: 3\r\n\r\nv=0')],
    ['with bytes behind its body', `${ANSWER}more`],
  ])('is understood %s', (_, text) => {
    expect(isAnswerTo(IDS, parsed(text))).toBe(true);
  });

  it.each<[string, string]>([
    ['of another branch', replaced('z9hG4bK-b1', 'z9hG4bK-b2')],
    ['whose branch goes on', replaced('z9hG4bK-b1', 'z9hG4bK-b12')],
    ['without a branch', replaced(';branch=z9hG4bK-b1', '')],
    ['with the branch in another Via', replaced('Via:', 'Via: SIP/2.0/UDP h;branch=z9hG4bK-0\r\nVia:')],
    ['of another call', replaced('Call-ID: c1', 'Call-ID: c2')],
    ['with another number', replaced('CSeq: 1', 'CSeq: 2')],
    ['to another method', replaced('1 OPTIONS', '1 INVITE')],
    ['that is the question itself', REQUEST],
  ])('does not belong to the question %s', (_, text) => {
    expect(isAnswerTo(IDS, parsed(text))).toBe(false);
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['an answer of HTTP', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['another version', replaced('SIP/2.0 200', 'SIP/3.0 200')],
    ['a status that there is not', replaced('SIP/2.0 200', 'SIP/2.0 700')],
    ['a status of two digits', replaced('SIP/2.0 200', 'SIP/2.0 20')],
    ['no Via', replaced(/Via:.*\r\n/, '')],
    ['no From', replaced(/From:.*\r\n/, '')],
    ['an empty To', replaced(/To:.*\r\n/, 'To:\r\n')],
    ['no Call-ID', replaced(/Call-ID:.*\r\n/, '')],
    ['two Call-IDs', replaced('CSeq:', 'i: c1\r\nCSeq:')],
    ['a CSeq without a method', replaced('1 OPTIONS', '1')],
    ['a CSeq that is too large', replaced('CSeq: 1', 'CSeq: 2147483648')],
    ['a negative length', replaced('Content-Length: 0', 'Content-Length: -1')],
    ['two lengths', replaced('Content-Length: 0', 'Content-Length: 0\r\nl: 0')],
    ['less than it says', replaced('Content-Length: 0', 'Content-Length: 4')],
    ['no end', ANSWER.slice(0, -2)],
    ['lines that end with LF only', ANSWER.replaceAll('\r\n', '\n')],
    ['a control character', replaced('Call-ID: c1', 'Call-ID: c1\u0000')],
    ['a line feed in a field', replaced('Call-ID: c1', 'Call-ID: c1\nVia: x')],
    ['a line that is no field', replaced('CSeq:', 'what is this\r\nCSeq:')],
    ['too many fields', replaced('CSeq:', `${'X: 1\r\n'.repeat(101)}CSeq:`)],
    ['too long a head', replaced('CSeq:', `X: ${'x'.repeat(8192)}\r\nCSeq:`)],
    ['too much', ANSWER + 'x'.repeat(MAX_SIP_BYTES)],
  ])('is none that has %s', (_, text) => {
    expect(parse(text)).toBeUndefined();
  });
});

describe('whatever comes', () => {
  const bytes = fc.uint8Array({ maxLength: 2000 }).map((array) => Buffer.from(array));
  /** Messages with parts taken out, doubled or replaced: closer to what a parser trips over than noise. */
  const spoilt = fc
    .array(
      fc.record({ at: fc.nat(ANSWER.length), drop: fc.nat(20), put: fc.string({ maxLength: 10, unit: 'binary' }) }),
      {
        maxLength: 6,
      },
    )
    .map((edits) => edits.reduce((text, { at, drop, put }) => text.slice(0, at) + put + text.slice(at + drop), ANSWER))
    .map((text) => Buffer.from(text, 'latin1'));

  it('is read without an error, and what is understood has no control characters to copy', () => {
    fc.assert(
      fc.property(fc.oneof(bytes, spoilt), (input) => {
        const head = parseDatagram(input);
        if (!head) return;
        const copied = [...head.via, head.from, head.to, head.callId].join('');
        expect([...copied].every((char) => char >= ' ' || char === '\t')).toBe(true);
        const answer = responseTo(head, '200 OK', US, 'tag');
        expect(parse(answer)).toMatchObject({ callId: head.callId, branch: head.branch, cseq: head.cseq });
      }),
      { numRuns: 2000 },
    );
  });

  it('is read alike from a stream, however it is cut into pieces', () => {
    const message = fc.constantFrom(
      ANSWER,
      REQUEST,
      replaced('Content-Length: 0\r\n\r\n', 'Content-Length: 3\r\n\r\nv=0'),
    );
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (texts, sizes) => {
          const read = createSipReader();
          const all = Buffer.from(texts.join('\r\n\r\n'), 'latin1');
          const heads: SipHead[] = [];
          for (let at = 0, i = 0; at < all.length; i++) {
            const size = sizes[i % sizes.length] ?? 1;
            heads.push(...(read(all.subarray(at, at + size)) ?? []));
            at += size;
          }
          expect(heads).toEqual(texts.map((text) => parse(text)));
        },
      ),
    );
  });

  it('is given up on a stream once it is no SIP, and before it is too much', () => {
    expect(createSipReader()(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))).toBeUndefined();
    expect(createSipReader()(Buffer.from(replaced('Content-Length: 0\r\n', '')))).toBeUndefined();
    expect(createSipReader()(Buffer.from(replaced('Length: 0', 'Length: 99999')))).toBeUndefined();
    const read = createSipReader();
    expect(read(Buffer.alloc(MAX_SIP_BYTES, 'x'))).toEqual([]);
    expect(read(Buffer.from('x'))).toBeUndefined();
  });
});

describe('our answer to a question', () => {
  const answer = (text: string) => responseTo(parsed(text), '200 OK', { host: '198.51.100.7', port: 1234 }, 'ours');

  it('copies what belongs to it, and says where the question came from', () => {
    const text = answer(replaced('Max-Forwards', 'Via: SIP/2.0/UDP second;branch=z9\r\nMax-Forwards', REQUEST));
    expect(text.split('\r\n')).toEqual([
      'SIP/2.0 200 OK',
      'Via: SIP/2.0/UDP 192.0.2.1:40000;branch=z9hG4bK-b1;rport=1234;received=198.51.100.7',
      'Via: SIP/2.0/UDP second;branch=z9',
      'From: <sip:switchback@192.0.2.1>;tag=t1',
      'To: <sip:sbc.example.com:5060>;tag=ours',
      'Call-ID: c1',
      'CSeq: 1 OPTIONS',
      'Allow: OPTIONS',
      'Content-Length: 0',
      '',
      '',
    ]);
    expect(isAnswerTo(IDS, parsed(text))).toBe(true);
  });

  it('keeps a tag that the question has', () => {
    expect(answer(replaced('To: <sip:sbc.example.com:5060>', 'To: <sip:x>;tag=old', REQUEST))).toContain(
      'To: <sip:x>;tag=old\r\n',
    );
  });

  it.each<[string, number]>([
    ['SIP/2.0/UDP h:5070;branch=z9hG4bK-1;rport', 1234],
    ['SIP/2.0/UDP h:5070;rport=9;branch=z9hG4bK-1', 1234],
    ['SIP/2.0/UDP h:5070;branch=z9hG4bK-1', 5070],
    ['SIP/2.0/UDP h;branch=z9hG4bK-1', 5060],
    ['SIP/2.0/UDP [2001:db8::1]:5071;branch=z9hG4bK-1', 5071],
    ['SIP/2.0/UDP [2001:db8::1];branch=z9hG4bK-1', 5060],
    ['SIP/2.0/UDP h:99999;branch=z9hG4bK-1', 5060],
    ['SIP/2.0/UDP h:5070;branch=z9hG4bK-1, SIP/2.0/UDP i;rport', 5070],
  ])('to the Via %s goes to port %i', (via, port) => {
    expect(replyPort(parsed(replaced(/Via: .*\r\n/, `Via: ${via}\r\n`, REQUEST)), 1234)).toBe(port);
  });
});
