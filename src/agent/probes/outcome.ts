/** Why a question was asked and not answered. Closed, because it is a label of a metric. */
export type Unanswered =
  | 'Timeout'
  | 'Refused'
  | 'Unreachable'
  | 'Closed'
  | 'BadAnswer'
  | 'BadStatus'
  | 'BadCertificate';
/** Why a question could not be asked: that says nothing about the transit centre. */
export type NotAsked = 'NameNotFound' | 'LocalTrouble' | 'Stopped';

/** What came of one question to a transit centre. */
export type Outcome =
  | { readonly result: 'Answered' }
  | { readonly result: 'Unanswered'; readonly why: Unanswered }
  | { readonly result: 'NotAsked'; readonly why: NotAsked };

export const ANSWERED: Outcome = { result: 'Answered' };
export const unanswered = (why: Unanswered): Outcome => ({ result: 'Unanswered', why });
export const notAsked = (why: NotAsked): Outcome => ({ result: 'NotAsked', why });

const OF_CODE: Readonly<Record<string, Unanswered>> = {
  ECONNREFUSED: 'Refused',
  EHOSTUNREACH: 'Unreachable',
  ENETUNREACH: 'Unreachable',
  EHOSTDOWN: 'Unreachable',
  ENETDOWN: 'Unreachable',
  ETIMEDOUT: 'Timeout',
  ECONNRESET: 'Closed',
  ECONNABORTED: 'Closed',
  EPIPE: 'Closed',
  EPROTO: 'BadAnswer',
};
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_|CRL_|ISSUER|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH/;

/**
 * What an error of a socket says. Whatever is not known to come from the other side is trouble of this one (no sockets, no
 * memory, no permission): that is unknown, never gone.
 */
export function outcomeOf(error: unknown): Outcome {
  const code = codeOf(error);
  const known = OF_CODE[code];
  if (known) return unanswered(known);
  if (code.startsWith('HPE_') || code.startsWith('ERR_SSL_')) return unanswered('BadAnswer');
  return CERTIFICATE.test(code) ? unanswered('BadCertificate') : notAsked('LocalTrouble');
}

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
