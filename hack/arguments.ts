import { type ParseArgsConfig, type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** Options of a script; each has a default, or may be absent. */
type Options<T extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: T; allowPositionals: true; args: string[] }>
>;

/**
 * The command line of a script of this repository. `--help` prints the usage and ends; what is no option, or a word where
 * none is taken, ends with what is wrong and exit status 2.
 */
export function readArguments<const T extends ParseArgsOptionsConfig>(
  usage: string,
  options: T,
  { allowPositionals = false }: Pick<ParseArgsConfig, 'allowPositionals'> = {},
): Options<T> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    const parsed = parseArgs({ args, options, allowPositionals: true });
    const [surplus] = parsed.positionals;
    if (surplus === undefined || allowPositionals) return parsed;
    throw new TypeError(`'${surplus}' is not understood`);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(2);
  }
}
