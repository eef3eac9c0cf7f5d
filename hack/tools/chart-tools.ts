/**
 * Helm and what looks at its output, built from their Go modules: `node hack/tools/chart-tools.ts` makes what is missing.
 * No test needs them to pass: without Helm those of the chart are skipped, and say so.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../regions/cache.ts';
import { findProgram, isProgram } from './programs.ts';

const MODULES = {
  helm: 'helm.sh/helm/v4/cmd/helm@v4.3.1',
  'kube-score': 'github.com/zegl/kube-score/cmd/kube-score@v1.20.0',
} as const;
export type ChartTool = keyof typeof MODULES;

const BIN = join(cacheDir(), 'tools', 'chart');

/**
 * Path of a tool: from the folder `SWITCHBACK_CHART_TOOLS`, from the cache, or from the PATH; undefined when it is nowhere.
 */
export function findTool(name: ChartTool, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const own = env['SWITCHBACK_CHART_TOOLS'];
  return findProgram(name, env, [...(own ? [own] : []), BIN]);
}

if (import.meta.main) {
  mkdirSync(BIN, { recursive: true });
  for (const [name, module] of Object.entries(MODULES)) {
    if (isProgram(join(BIN, name))) continue;
    console.log(`building ${name} (${module})`);
    const env = { ...process.env, GOBIN: BIN, CGO_ENABLED: '0', GOWORK: 'off' };
    execFileSync('go', ['install', '-trimpath', '-ldflags', '-s -w', module], { env, stdio: 'inherit', cwd: BIN });
  }
  console.log(`chart tools are in ${BIN}`);
}
