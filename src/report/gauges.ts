import { Gauge, type Registry } from 'prom-client';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A gauge that is made anew from what the caches show, each time that it is asked for. */
export interface GaugeSpec<Picture> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly samples: (picture: Picture) => Iterable<Sample>;
}

/**
 * Registers gauges that are read when they are asked for: nothing is kept, so no series outlives what it tells of.
 *
 * @param picture undefined: this process has nothing to say, because it does not lead
 */
export function registerGauges<Picture>(
  registry: Registry,
  picture: () => Picture | undefined,
  specs: readonly GaugeSpec<Picture>[],
): void {
  for (const { help, labels, name, samples } of specs) {
    new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [registry],
      collect() {
        this.reset();
        const seen = picture();
        if (seen === undefined) return;
        for (const sample of samples(seen)) this.set({ ...sample.labels }, sample.value);
      },
    });
  }
}

export const flag = (holds: boolean): number => (holds ? 1 : 0);

/** Seconds since 1970; undefined for what is no time. */
export function secondsOf(time: string | undefined): number | undefined {
  const ms = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(ms) ? undefined : ms / 1000;
}
