import { describe, expect, it } from 'vitest';
import { namesIn } from './promql.ts';

describe('the names in an expression', () => {
  it('are metrics with the labels that are asked of them', () => {
    expect(namesIn('sum by (a) (rate(m{b="x y{", c!~"d.*"}[5m])) / scalar(max(n)) > bool 0.5').selectors).toEqual([
      { metric: 'm', labels: ['b', 'c'] },
      { metric: 'n', labels: [] },
    ]);
  });

  it('are labels of groups, and labels that are made', () => {
    const { grouped, made, selectors } = namesIn(
      'a unless on (k) label_replace(b * on (x) group_left (y) c, "k", "$1", "region", "(.*)")',
    );
    expect([grouped, made, selectors.map(({ metric }) => metric)]).toEqual([['k', 'x', 'y'], ['k'], ['a', 'b', 'c']]);
  });

  it('of a recording rule are found too', () => {
    expect(namesIn('g:n:ratio_rate5m{iu_group=~".*"} > 0.1').selectors).toEqual([
      { metric: 'g:n:ratio_rate5m', labels: ['iu_group'] },
    ]);
  });

  it.each(['sum(a', 'a{b="c"', 'a)', 'a ? b', 'sum by (a] (b)'])('%s is refused', (expression) => {
    expect(() => namesIn(expression)).toThrow();
  });
});
