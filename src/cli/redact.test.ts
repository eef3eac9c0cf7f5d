import { describe, expect, it } from 'vitest';
import { redact } from './redact.ts';

describe('what is sent to who helps', () => {
  it.each<[string, unknown, unknown]>([
    [
      'the value of a variable',
      { env: [{ name: 'DSN', value: 'x' }] },
      { env: [{ name: 'DSN', value: '(redacted)' }] },
    ],
    [
      'what is named like a secret',
      { apiKey: 'x', dbPassword: 'y' },
      { apiKey: '(redacted)', dbPassword: '(redacted)' },
    ],
    ['bulk', { metadata: { name: 'a', managedFields: [1] } }, { metadata: { name: 'a' } }],
  ])('is without %s', (_, given, expected) => {
    expect(redact(given)).toEqual(expected);
  });

  it('keeps names, numbers and references', () => {
    const kept = {
      credentials: { secretName: 'us-east', key: 'kubeconfig' },
      epoch: 3,
      ready: true,
      list: ['a', null],
    };
    expect(redact(kept)).toEqual(kept);
  });
});
