import { Option } from 'commander';

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

/** Narrows a command to some ServiceInstances. */
export const servicesOption = (): Option =>
  new Option('--service <namespace/name>', 'only this ServiceInstance; may be given again').argParser(collect);
