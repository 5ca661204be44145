import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  type ConfigWatch,
  watchConfig,
} from '../../../functions/shared/credentials/config-watch.ts';
import { folderOfTest } from '../../fixtures/temporary-folder.ts';
import { until } from '../../fixtures/until.ts';

let folder: string;
let told: string[];
let watch: ConfigWatch;

beforeEach(() => {
  folder = folderOfTest('config-watch');
  told = [];
  writeFileSync(join(folder, 'rclone.conf'), 'first');
});

afterEach(async () => {
  await watch.stop();
});

/** As rclone does it: a new file, the old one out of the way, the new one in its place. */
function rewrite(text: string): void {
  const file = join(folder, 'rclone.conf');
  writeFileSync(`${file}123`, text);
  renameSync(file, `${file}.old`);
  renameSync(`${file}123`, file);
}

function given(onText = (text: string) => Promise.resolve(void told.push(text))): void {
  watch = watchConfig(join(folder, 'rclone.conf'), 'first', onText);
}

it('tells each new text while it is watched', async () => {
  given();
  rewrite('second');
  await until('the second text', () => told.length === 1, 2_000);
  rewrite('third');
  await until('the third text', () => told.length === 2, 2_000);
  expect(told).toEqual(['second', 'third']);
});

it('tells the last text when it is stopped, and waits for what is made of it', async () => {
  given(async (text) => {
    await new Promise((done) => setTimeout(done, 50));
    told.push(text);
  });
  rewrite('second');
  await watch.stop();
  expect(told).toEqual(['second']);
});

it('tells nothing of a file that was written again as it was, or that is gone', async () => {
  given();
  rewrite('first');
  await watch.stop();
  rmSync(join(folder, 'rclone.conf'));
  await watch.stop();
  expect(told).toEqual([]);
});
