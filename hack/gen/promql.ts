/**
 * Reads what a PromQL expression names: metrics, and the labels that are asked of them. It is no parser of the language:
 * promtool is, where it can be had. This much is known everywhere.
 */
export interface ExpressionNames {
  readonly selectors: readonly { readonly metric: string; readonly labels: readonly string[] }[];
  /** In `by`, `without`, `on`, `ignoring`, `group_left` and `group_right`. */
  readonly grouped: readonly string[];
  /** Labels that `label_replace` makes. */
  readonly made: readonly string[];
}

type Token = { readonly kind: 'word' | 'string' | 'number' | 'sign'; readonly text: string };

const TOKEN =
  /\s*(?:(?<string>"(?:[^"\\]|\\.)*")|(?<number>\d+(?:\.\d+)?[a-z]*(?:\d+[a-z]+)*)|(?<word>[a-zA-Z_:][a-zA-Z0-9_:]*)|(?<sign>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){}[\],@]))/y;

const LISTS: ReadonlySet<string> = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan']);
const CLOSING: Readonly<Record<string, string>> = { ')': '(', '}': '{', ']': '[' };

/** @throws for what cannot be PromQL: characters that it has not, brackets that do not match */
export function namesIn(expression: string): ExpressionNames {
  const tokens = tokensOf(expression);
  checkBrackets(expression, tokens);
  const found: Found[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const one = readAt(tokens, at);
    if (!one) continue;
    found.push(one);
    at = one.end;
  }
  return {
    selectors: found.flatMap(({ selector }) => selector ?? []),
    grouped: found.flatMap(({ grouped = [] }) => grouped),
    made: found.flatMap(({ made = [] }) => made),
  };
}

interface Found {
  /** The last token that belongs to it. */
  readonly end: number;
  readonly selector?: ExpressionNames['selectors'][number];
  readonly grouped?: readonly string[];
  readonly made?: readonly string[];
}

function readAt(tokens: readonly Token[], at: number): Found | undefined {
  const { kind, text = '' } = tokens[at] ?? {};
  if (kind !== 'word' || OPERATORS.has(text)) return undefined;
  const next = tokens[at + 1]?.text ?? '';
  if (LISTS.has(text)) {
    const end = next === '(' ? closingOf(tokens, at + 1) : at;
    return { end, grouped: words(tokens.slice(at + 1, end)) };
  }
  if (next === '(') return { end: at, made: text === 'label_replace' ? madeLabel(tokens, at + 1) : [] };
  // `sum by (…) (…)` is no metric.
  if (LISTS.has(next) && AGGREGATIONS.has(text)) return undefined;
  const end = next === '{' ? closingOf(tokens, at + 1) : at;
  const inside = tokens.slice(at + 1, end);
  const labels = inside.filter((token, i) => token.kind === 'word' && inside[i + 1]?.kind === 'sign');
  return { end, selector: { metric: text, labels: labels.map((label) => label.text) } };
}

const AGGREGATIONS: ReadonlySet<string> = new Set(['sum', 'max', 'min', 'avg', 'count', 'topk', 'bottomk', 'group']);

function tokensOf(expression: string): readonly Token[] {
  const tokens: Token[] = [];
  const text = expression.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups;
    if (!groups) throw new Error(`no PromQL at "${text.slice(at, at + 20)}": ${expression}`);
    for (const kind of ['string', 'number', 'word', 'sign'] as const) {
      const found = groups[kind];
      if (found !== undefined) tokens.push({ kind, text: found });
    }
  }
  return tokens;
}

function checkBrackets(expression: string, tokens: readonly Token[]): void {
  const open: string[] = [];
  for (const { kind, text } of tokens) {
    if (kind !== 'sign') continue;
    if ('([{'.includes(text)) open.push(text);
    else if (CLOSING[text] !== undefined && open.pop() !== CLOSING[text]) throw new Error(`brackets: ${expression}`);
  }
  if (open.length > 0) throw new Error(`brackets: ${expression}`);
}

/** Index of the bracket that closes the one at `from`. */
function closingOf(tokens: readonly Token[], from: number): number {
  const opening = tokens[from]?.text;
  for (let at = from + 1, depth = 1; at < tokens.length; at += 1) {
    const { text } = tokens[at] as Token;
    if (text === opening) depth += 1;
    if (CLOSING[text] === opening) depth -= 1;
    if (depth === 0) return at;
  }
  return tokens.length - 1;
}

const words = (tokens: readonly Token[]): string[] =>
  tokens.filter(({ kind }) => kind === 'word').map(({ text }) => text);

/** The first text among its arguments. */
function madeLabel(tokens: readonly Token[], from: number): string[] {
  const inside = tokens.slice(from, closingOf(tokens, from));
  const strings = inside.filter(({ kind }, i) => kind === 'string' && inside[i - 1]?.text === ',');
  return strings.slice(0, 1).map(({ text }) => text.slice(1, -1));
}
