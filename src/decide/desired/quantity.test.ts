import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalQuantity } from './quantity.ts';

describe('canonicalQuantity', () => {
  it.each([
    ['10m', '10m'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['0.5', '500m'],
    ['0.1', '100m'],
    ['1.0', '1'],
    ['100', '100'],
    ['1000', '1k'],
    ['0', '0'],
    ['0Mi', '0'],
    ['16Mi', '16Mi'],
    ['1024Mi', '1Gi'],
    ['1500Mi', '1500Mi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Ki', '512'],
    ['0.1Ki', '102400m'],
    ['1025Ki', '1025Ki'],
    ['0001', '1'],
    ['0.0000000001', '1m'],
    ['1.0001Ki', '1024103m'],
    ['123.456Mi', '129452998656m'],
    ['0.9Mi', '943718400m'],
    ['99999999999999999T', '9223372036854775807'],
    ['not a quantity', 'not a quantity'],
  ])('%s is written as %s', (text, expected) => {
    expect(canonicalQuantity(text)).toBe(expected);
  });

  it('changes nothing the second time', () => {
    const text = fc.stringMatching(/^[0-9]{1,9}(\.[0-9]{1,4})?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/);
    fc.assert(
      fc.property(text, (t) => {
        const once = canonicalQuantity(t);
        fc.pre(!/[PE]/.test(once));
        expect(canonicalQuantity(once)).toBe(once);
      }),
    );
  });
});
