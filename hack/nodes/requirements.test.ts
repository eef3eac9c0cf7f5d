import { describe, expect, it } from 'vitest';
import { whyNoNodes } from './requirements.ts';

describe('where real nodes cannot be had', () => {
  it.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)('says what is missing, and how to get it', () => {
    expect(whyNoNodes({ PATH: '/nowhere' })).toMatch(
      /^dockerd, runc, .* not found \(Debian: apt-get install .*docker\.io/,
    );
  });

  it.skipIf(process.platform === 'linux' && process.getuid?.() === 0)('says who may', () => {
    expect(whyNoNodes()).toMatch(/they need/);
  });
});
