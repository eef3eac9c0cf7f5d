import type { Inheritance } from '../../src/hub/inheritance.ts';
import { partOf } from './part.ts';

/** Of a hub that follows no other one. */
export const NOBODY_BEFORE = partOf<Inheritance>('inheritance', {
  isOwn: () => true,
  mayWriteTo: () => true,
  look: () => ({ kind: 'Own' }),
  tell: () => undefined,
});
