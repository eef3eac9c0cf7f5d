export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** The samples of one metric in a text of the Prometheus exposition format. */
export function samplesOf(text: string, metric: string): readonly Sample[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
    .map((line) => ({
      labels: Object.fromEntries([...line.matchAll(LABEL)].map(([, name = '', value = '']) => [name, value])),
      value: Number(line.slice(line.lastIndexOf(' ') + 1)),
    }));
}

/** Sum over all samples; 0 without one. */
export const sumOf = (samples: readonly Sample[]): number => samples.reduce((sum, { value }) => sum + value, 0);
