import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadAgentConfig, UnknownAgentError } from '../../../functions/shared/config/index.ts';
import { folderOfTest } from '../../fixtures/temporary-folder.ts';
import { givenAgent } from './given.ts';

let directory: string;

beforeEach(() => {
  directory = folderOfTest('agents');
});

async function givenFile(name: string, content: unknown): Promise<void> {
  await writeFile(join(directory, name), JSON.stringify(content));
}

describe('loading an agent', () => {
  it('reads what synth wrote', async () => {
    const agent = givenAgent({ agent: 'anna', sync: {} });
    await givenFile('anna.json', agent);

    expect(await loadAgentConfig(directory, 'anna')).toEqual(agent);
  });

  it.each(['berta', '../anna', 'ANNA', ''])(
    'knows no agent %j and says who there is',
    async (name) => {
      await givenFile('anna.json', {});
      await givenFile('carl.json', {});

      const loading = loadAgentConfig(directory, name);

      await expect(loading).rejects.toThrow(UnknownAgentError);
      await expect(loading).rejects.toThrow('this deployment has anna, carl');
    },
  );

  it('copes with a folder that is not there', async () => {
    await expect(loadAgentConfig(join(directory, 'no'), 'anna')).rejects.toThrow(/has none/);
  });

  it('refuses a file that was changed by hand', async () => {
    await givenFile('anna.json', { name: 'anna', sync: { interval: 1 } });
    await expect(loadAgentConfig(directory, 'anna')).rejects.toThrow(/agent anna has 1 problem/);
  });
});
