import type { PlannedService } from '../api/region-switch.ts';

/** The services that the promotion of one waits for, by `namespace/name`. They form no circle. */
export type AwaitedBy = (key: string) => readonly string[];

/**
 * The order in which the services of a plan are promoted: each in the wave after the last one of those that it waits for
 * and that move to the same region. Where nothing waits for anything there are no waves to tell of.
 */
export function withWaves(services: readonly PlannedService[], awaitedBy: AwaitedBy): readonly PlannedService[] {
  const moving = new Map(
    services.flatMap((service): [string, PlannedService][] =>
      service.verdict === 'Moves' ? [[service.name, service]] : [],
    ),
  );
  const waves = new Map<string, number>();
  const waveOf = ({ name, to }: PlannedService): number => {
    const known = waves.get(name);
    if (known !== undefined) return known;
    // Before it is known: a circle that should not be there ends here.
    waves.set(name, 1);
    const before = awaitedBy(name)
      .map((key) => moving.get(key))
      .filter((service) => service !== undefined && service.to === to);
    const wave = 1 + Math.max(0, ...before.map((service) => (service ? waveOf(service) : 0)));
    waves.set(name, wave);
    return wave;
  };
  for (const service of moving.values()) waveOf(service);
  if (Math.max(0, ...waves.values()) < 2) return services;
  return services.map((service) => {
    const wave = waves.get(service.name);
    return wave === undefined ? service : { ...service, wave };
  });
}
