import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { awsCommandLine, commandLine } from '../../../cli/command-line.ts';
import { CommandFailure } from '../../../cli/failure.ts';
import { root } from '../../../local/paths.ts';

it('repeats what chooses the deployment and the agent', () => {
  const chosen = { agent: 'main', deployment: 'home', local: true, region: 'eu-west-1' };
  expect(commandLine(['status'], chosen)).toBe(
    'workspace-sync status --agent main --deployment home --region eu-west-1 --local',
  );
});

it('says nothing twice, and no agent where all are meant', () => {
  const chosen = { agent: 'main', config: 'a.json' };
  expect(commandLine(['sync', '--agent', 'ann'], chosen)).toBe(
    'workspace-sync sync --agent ann --config a.json',
  );
  expect(commandLine(['deploy'], chosen)).toBe('workspace-sync deploy --config a.json');
});

it.each([
  `it's; rm -rf "$HOME" \`x\``,
  'two\nlines',
  "a\u001b[2Jb\\it's\u202etxt.md",
  '~root',
  '=ls',
  '',
  'grün ✓',
])('hands %j to a shell as one word', (hostile) => {
  const line = commandLine(['backup', 'restore', '--path', hostile]);
  const seen = execFileSync('bash', ['-c', line.replace('workspace-sync', 'printf "%s\\0"')]);
  expect(seen.toString().split('\0')).toEqual(['backup', 'restore', '--path', hostile, '']);
  // eslint-disable-next-line no-control-regex -- what would steer the terminal it is pasted from
  expect(line).not.toMatch(/[\u0000-\u001f\u202e]/);
});

it('asks the AWS CLI about the same account', () => {
  const client = { endpoint: 'http://localhost:4566', region: 'eu-west-1' };
  expect(awsCommandLine(['s3', 'ls'], { client, env: { AWS_PROFILE: 'my own' } })).toBe(
    "aws s3 ls --profile 'my own' --region eu-west-1 --endpoint-url http://localhost:4566",
  );
});

it('is made by a failure only when it is known what was chosen', () => {
  const failure = new CommandFailure((suggest) => `Run ${suggest('deploy')}.`, { code: 'x' });
  expect(failure.message).toBe('Run "workspace-sync deploy".');
  expect(failure.messageFor({ local: true })).toBe('Run "workspace-sync deploy --local".');
});

describe('a command that is suggested', () => {
  /** Help and completion speak of the command itself, whatever somebody has chosen. */
  const spoken = /^(?:commands|completion)\/|^program\.ts$|^drop-link\/page\//;

  it('is written nowhere in a text of its own: it would lack the options', () => {
    const folder = join(root, 'cli');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const sources = files.filter((file) => file.endsWith('.ts') && !spoken.test(file));
    expect(sources.length).toBeGreaterThan(50);
    const found = sources.flatMap((file) =>
      textsIn(join(folder, file)).map((text) => [file, text]),
    );
    expect(
      found.filter(([, text = '']) => /workspace-sync [a-z]|npx |\baws [a-z]/.test(text)),
    ).toEqual([]);
  });
});

/** All texts that a source can print. */
function textsIn(file: string): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateMiddleOrTemplateTail(node))
      texts.push(node.text);
    if (ts.isTemplateHead(node)) texts.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest));
  return texts;
}
