import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { lintSchema } from './schema-lint.ts';
import { structuralSchema } from './structural-schema.ts';

describe('a structural schema', () => {
  test.each([
    ['a bounded whole number fits 32 bits', z.int().min(0).max(10), { type: 'integer', format: 'int32' }],
    ['any other whole number has 64 bits', z.int().min(0), { type: 'integer', format: 'int64', minimum: 0 }],
    ['a time is a format without an expression', z.iso.datetime(), { type: 'string', format: 'date-time' }],
    ['an object of unknown fields keeps them', z.looseObject({}), { 'x-kubernetes-preserve-unknown-fields': true }],
    [
      'a map has a schema for its values',
      z.record(z.string(), z.boolean()),
      { additionalProperties: { type: 'boolean' } },
    ],
    [
      'a default makes a field optional',
      z.object({ a: z.boolean().default(true) }),
      { properties: { a: { default: true } } },
    ],
    [
      'CEL rules are taken over',
      z.object({}).meta({ 'x-kubernetes-map-type': 'atomic' }),
      { 'x-kubernetes-map-type': 'atomic' },
    ],
  ] as const)('%s', (_, schema, expected) => {
    expect(structuralSchema(schema, 'spec')).toMatchObject(expected);
  });

  test('an expression never stands beside a format', () => {
    expect(structuralSchema(z.iso.datetime(), 'spec')).not.toHaveProperty('pattern');
  });

  test('the default of an object says the defaults of its fields, at any depth', () => {
    const inner = z.object({ count: z.int().default(3), name: z.string().optional() });
    const schema = z.object({ inner: inner.prefault({}) }).prefault({});
    expect(structuralSchema(schema, 'spec').default).toEqual({ inner: { count: 3 } });
  });

  test.each([
    ['a union', z.union([z.string(), z.boolean()]), 'cannot say `anyOf`'],
    ['flags of an expression', z.string().regex(/x/i), 'would be lost'],
    ['a date object', z.date(), 'Date'],
  ] as const)('%s is refused', (_, schema, message) => {
    expect(() => structuralSchema(z.object({ field: schema }), 'spec')).toThrow(message);
  });
});

describe('the lint', () => {
  test.each([
    ['a list without a bound', z.array(z.boolean()), 'spec.field: the list has no maxItems'],
    ['a map without a bound', z.record(z.string(), z.boolean()), 'spec.field: the map has no maxProperties'],
    ['a string without a bound', z.string(), 'spec.field: the string has no maxLength'],
    [
      'an expression that RE2 cannot read',
      z
        .string()
        .max(9)
        .regex(/a(?=b)/),
      'RE2 cannot read the pattern',
    ],
    ['a string in a list', z.array(z.string()).max(3), 'spec.field[]: the string has no maxLength'],
  ] as const)('finds %s', (_, schema, finding) => {
    const object = z.object({ field: schema.describe('A field.') });
    expect(lintSchema(structuralSchema(object, 'spec'), 'spec')).toEqual([expect.stringContaining(finding)]);
  });

  test('finds a field without a description', () => {
    expect(lintSchema(structuralSchema(z.object({ a: z.boolean() }), 'spec'), 'spec')).toEqual([
      'spec.a: the field has no description',
    ]);
  });

  test.each([
    ['a string of a closed list', z.enum(['a'])],
    ['a time', z.iso.datetime()],
    ['a string with a bound', z.string().max(3)],
  ] as const)('leaves %s alone', (_, schema) => {
    expect(lintSchema(structuralSchema(schema, 'spec'), 'spec')).toEqual([]);
  });
});
