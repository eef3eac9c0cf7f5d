import { describe, expect, it } from 'vitest';
import { startCommand } from './command.ts';

describe('the command behind a gate', () => {
  it('is told more than the gate was told, and all of that', async () => {
    const command = startCommand(['/bin/sh', '-c', 'test -n "$PATH" && exit $TOLD'], { TOLD: '3' });
    expect(await command.ended).toEqual({ code: 3 });
  });

  it('has ended when it cannot be started, whichever way Node tells of that', async () => {
    const [told, thrown] = [startCommand(['/nowhere'], {}), startCommand(['/bin/sh', 'x'.repeat(4_000_000)], {})];
    expect(await told.ended).toMatchObject({ code: 127, problem: expect.stringContaining('ENOENT') });
    expect(await thrown.ended).toMatchObject({ code: 126, problem: expect.stringContaining('E2BIG') });
    thrown.signal('SIGTERM');
    thrown.killGroup();
  });
});
