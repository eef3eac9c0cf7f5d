import { expect, it } from 'vitest';
import { listSettings } from './configuration.ts';
import { listEvents } from './events.ts';

it('says of each setting what it means, and what it takes', () => {
  const all = listSettings();
  expect(all.length).toBeGreaterThan(20);
  expect(all.filter(({ description, takes }) => description === '' || takes.includes('undefined'))).toEqual([]);
});

it('says of each setting what it is when it is not set', () => {
  const byName = new Map(listSettings().map((setting) => [setting.name, setting]));
  expect(byName.get('SWITCHBACK_REGION')).toMatchObject({ roles: ['agent'], default: '**required**' });
  expect(byName.get('SWITCHBACK_PORT')).toMatchObject({
    roles: ['hub', 'agent'],
    default: '`8080`',
    takes: '0 to 65535',
  });
  expect(byName.get('SWITCHBACK_PEERS_DIR')).toMatchObject({ default: '' });
});

it('shows each event with words that are whole', () => {
  const notes = listEvents().map(({ note }) => note.note);
  expect(notes.filter((note) => /undefined|NaN|\[object/.test(note))).toEqual([]);
  expect(new Set(listEvents().map(({ note }) => note.kind)).size).toBe(5);
});
