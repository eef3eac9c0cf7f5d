import { describe, expect, it } from 'vitest';
import { startCommand } from './command.ts';

describe('the command behind a gate', () => {
  it('is told more than the gate was told, and all of that', async () => {
    const command = startCommand(['/bin/sh', '-c', 'test -n "$PATH" && exit $TOLD'], { TOLD: '3' });
    expect(await command.ended).toEqual({ code: 3 });
  });
});
