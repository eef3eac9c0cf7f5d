import { MAX_SIP_BYTES, parseHead, type SipHead } from './sip-message.ts';

/** Messages of a stream (RFC 3261, section 18.3), or undefined when it is none of SIP: then nothing more is understood. */
export type ReadSip = (chunk: Buffer) => readonly SipHead[] | undefined;

/** Never keeps more than the largest message and one chunk. */
export function createSipReader(): ReadSip {
  let rest = '';
  return (chunk) => {
    rest += chunk.toString('latin1');
    const heads: SipHead[] = [];
    for (;;) {
      // Empty lines between messages keep a connection alive.
      rest = rest.replace(/^(\r\n)+/, '');
      const next = takeFirst(rest);
      if (next === 'Broken') return undefined;
      if (next === 'Incomplete') return heads;
      heads.push(next.head);
      rest = rest.slice(next.size);
    }
  };
}

function takeFirst(text: string): { readonly head: SipHead; readonly size: number } | 'Incomplete' | 'Broken' {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return text.length > MAX_SIP_BYTES ? 'Broken' : 'Incomplete';
  const head = parseHead(text.slice(0, end));
  // On a stream only the length says where the next message begins.
  if (head?.contentLength === undefined) return 'Broken';
  const size = end + 4 + head.contentLength;
  if (size > MAX_SIP_BYTES) return 'Broken';
  return text.length < size ? 'Incomplete' : { head, size };
}
