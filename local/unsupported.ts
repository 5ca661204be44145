/** Takes out of templates what the emulator refuses, so that the rest can be deployed there. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Template {
  Resources?: Record<string, { Type: string; Properties?: Record<string, unknown> }>;
}

/** Alarms on metric math; it measures nothing anyway. */
export async function leaveOutUnsupported(assembly: string): Promise<void> {
  const files = (await readdir(assembly)).filter((name) => name.endsWith('.template.json'));
  for (const file of files.map((name) => join(assembly, name))) {
    const template = JSON.parse(await readFile(file, 'utf8')) as Template;
    const kept = Object.entries(template.Resources ?? {}).filter(
      ([, { Type, Properties }]) =>
        Type !== 'AWS::CloudWatch::Alarm' || Properties?.['Metrics'] === undefined,
    );
    template.Resources = Object.fromEntries(kept);
    await writeFile(file, JSON.stringify(template));
  }
}
