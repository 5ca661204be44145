import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { commandLine } from '../../../../cli/runs/command-line.ts';

it('repeats what chooses the deployment and the agent', () => {
  const chosen = { agent: 'main', deployment: 'home', local: true, region: 'eu-west-1' };
  expect(commandLine(['status'], chosen)).toBe(
    'workspace-sync status --agent main --deployment home --region eu-west-1 --local',
  );
});

it('quotes what a shell would take apart', () => {
  const hostile = `it's; rm -rf "$HOME" \`x\``;
  const line = commandLine(['backup', 'restore', '--path', hostile]);
  const seen = execFileSync('bash', ['-c', line.replace('workspace-sync', 'printf "%s\\n"')]);
  expect(seen.toString().split('\n')).toEqual(['backup', 'restore', '--path', hostile, '']);
});
