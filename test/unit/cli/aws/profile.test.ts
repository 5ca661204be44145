import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { targetOf } from '../../../../cli/aws/target.ts';

/** The environment of somebody who has these files. */
function givenFiles(config: string, credentials: string): NodeJS.ProcessEnv {
  const folder = mkdtempSync(join(tmpdir(), 'profile-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const [AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE] = ['config', 'credentials'].map((name) =>
    join(folder, name),
  ) as [string, string];
  writeFileSync(AWS_CONFIG_FILE, config);
  writeFileSync(AWS_SHARED_CREDENTIALS_FILE, credentials);
  return { AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE };
}

const config = '[default]\nregion = eu-west-1\n\n[profile home]\n[profile "my own"]\n';

it.each(['default', 'home', 'my own', 'keys'])(
  'takes the profile %j, which is there',
  (profile) => {
    const env = givenFiles(config, '[keys]\naws_access_key_id = x\n');
    expect(targetOf({ local: false, profile }, env).env).toEqual({ AWS_PROFILE: profile });
  },
);

it('says of a profile that it is not there', () => {
  const env = givenFiles(config, '');
  const wrong = (): unknown => targetOf({ local: false, profile: 'nope' }, env);
  expect(wrong).toThrow('There is no AWS profile "nope"');
  expect(wrong).toThrow('"aws configure"');
});

it('says so where there are no files at all', () => {
  const env = { HOME: '/nowhere' };
  const wrong = (): unknown => targetOf({ local: false, profile: 'nope' }, env);
  expect(wrong).toThrow('neither /nowhere/.aws/config nor /nowhere/.aws/credentials has it');
});
