import { expect, it } from 'vitest';
import { createSharing } from './share.ts';

it('gives equal values one copy, and leaves alone what differs or is absent', () => {
  const share = createSharing();
  const first = share({ services: ['mail', 'chat'] });
  expect(share({ services: ['mail', 'chat'] })).toBe(first);
  expect(share({ services: ['chat', 'mail'] })).not.toBe(first);
  expect(share(undefined)).toBeUndefined();
});

it('remembers a bounded number of values', () => {
  const share = createSharing();
  const first = share(['first']);
  for (let i = 0; i < 5_000; i += 1) share([i]);
  expect(share(['first'])).not.toBe(first);
});
