/**
 * Writes what is generated: from the configuration schema the reference for people and the JSON
 * Schema for editors, and from the command its reference. With `--check` it writes nothing and fails
 * where one of them is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { jsonSchema } from '../functions/shared/config/json-schema.ts';
import { configurationReference } from '../functions/shared/config/reference.ts';
import { cliReference } from './cli-reference.ts';

const generated = new Map([
  ['docs/configuration.md', configurationReference()],
  ['docs/cli-reference.md', await cliReference()],
  ['config.schema.json', `${JSON.stringify(jsonSchema(), undefined, 2)}\n`],
]);

function pathOf(file: string): string {
  return fileURLToPath(new URL(`../${file}`, import.meta.url));
}

function isCurrent(file: string, text: string): boolean {
  try {
    return readFileSync(pathOf(file), 'utf8') === text;
  } catch {
    return false;
  }
}

const stale = [...generated].filter(([file, text]) => !isCurrent(file, text));
if (process.argv.includes('--check')) {
  for (const [file] of stale)
    console.error(`${file} is out of date: run node scripts/write-docs.ts`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [file, text] of stale) writeFileSync(pathOf(file), text);
  console.log(`${generated.size} files are up to date, ${stale.length} written`);
}
