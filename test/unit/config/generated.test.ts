import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfigText } from '../../../functions/shared/config/index.ts';
import { jsonSchema } from '../../../functions/shared/config/json-schema.ts';
import { configurationReference } from '../../../functions/shared/config/reference.ts';

function fileAt(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
}

describe('what is generated from the schema', () => {
  it('is up to date: run node scripts/write-docs.ts', () => {
    expect(fileAt('docs/configuration.md')).toBe(configurationReference());
    expect(JSON.parse(fileAt('config.schema.json'))).toEqual(jsonSchema());
  });

  it('describes every key', () => {
    const rows = configurationReference()
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    expect(rows.length).toBeGreaterThan(70);
    for (const row of rows) expect(row).toMatch(/\| [^|]{4,} \|$/);
  });
});

describe('the example', () => {
  it('is in order and needs no notice', () => {
    const { config, notices } = parseConfigText(fileAt('workspace-sync.example.json'), 'example');
    expect(config.agents.map(({ name }) => name)).toEqual(['main']);
    expect(notices).toEqual([]);
  });
});
