import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { SETTINGS } from '../../../src/config.ts';
import { values } from './values.ts';
import { valuesSchema } from './values-files.ts';

const CHART = join(import.meta.dirname, '../../../charts/switchback');
const read = (file: string): string => readFileSync(join(CHART, file), 'utf8');

describe('the values of the chart', () => {
  it('are what the schema allows, once somebody has said which role', () => {
    const defaults = parse(read('values.yaml'));
    expect(values.safeParse({ ...defaults, role: 'hub' }).error?.issues ?? []).toEqual([]);
    expect(values.safeParse(defaults).success).toBe(false);
  });

  it('bring every setting of the program to its pods', () => {
    const template = read('templates/deployment.yaml');
    const names = [...Object.keys(SETTINGS.hub), ...Object.keys(SETTINGS.agent)];
    expect(names.filter((name) => !template.includes(`- name: ${name}\n`))).toEqual([]);
  });

  it('have the bounds of the settings of the program', () => {
    expect(valuesSchema()).toMatchObject({
      required: ['role'],
      additionalProperties: false,
      properties: {
        hub: { properties: { electionMs: { type: 'integer', minimum: 300, maximum: 300_000, default: 2500 } } },
        agent: { properties: { region: { type: 'string', maxLength: 40 } } },
        log: { properties: { level: { enum: ['debug', 'info', 'warn', 'error'], default: 'info' } } },
      },
    });
  });
});
