import { join } from 'node:path';
import { type BinarySet, binDir, ensureBinaries } from '../regions/build.ts';
import { findProgram } from './programs.ts';

const modules = join(import.meta.dirname, 'chart');

/** What installs the chart, and what looks at what it renders. */
export const CHART_TOOLS: BinarySet = {
  what: 'tools of the chart',
  cost: 'about 1 minute on two cores after the control planes',
  modules: [
    { dir: join(modules, 'helm'), packages: { helm: 'helm.sh/helm/v4/cmd/helm' } },
    { dir: join(modules, 'kubeconform'), packages: { kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform' } },
    { dir: join(modules, 'kube-score'), packages: { 'kube-score': 'github.com/zegl/kube-score/cmd/kube-score' } },
  ],
};

/** Path of a tool: as it was built, or from the PATH; undefined when it is nowhere. */
export const findTool = (
  name: 'helm' | 'kubeconform' | 'kube-score',
  env: NodeJS.ProcessEnv = process.env,
): string | undefined => findProgram(name, env, [binDir(env, CHART_TOOLS)]);

if (import.meta.main)
  console.log(`tools of the chart are in ${await ensureBinaries({ log: console.log }, CHART_TOOLS)}`);
