import { z } from 'zod';
import { cel, country, geography, listSet } from './common.ts';

/** What may hold anything: of a tenant, of a group. A place is allowed by its country or by its geography. */
export const residency = z
  .object({
    countries: z.array(country).min(1).max(32).meta(listSet).optional().describe('Country codes.'),
    geographies: z
      .array(geography)
      .min(1)
      .max(5)
      .meta(listSet)
      .optional()
      .describe('Geographies, beside the countries: what lies in one of either is allowed.'),
  })
  .meta(
    cel({
      rule: 'has(self.countries) || has(self.geographies)',
      message: 'residency names neither countries nor geographies: name what is allowed, or leave residency out',
    }),
  );
export type Residency = z.infer<typeof residency>;
