/**
 * `npm test`: makes the clone ready, then runs every test and checks types, lint and format. With
 * arguments, which go to Vitest (`npm test -- --project unit`), it only runs tests. Its last line
 * says how many passed and failed.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { binaries, main, root, run, toolEnvironment } from './toolchain.mjs';

const checks = [
  ['Types', 'tsc', ['--noEmit']],
  ['Lint', 'eslint', ['.']],
  ['Format', 'prettier', ['--check', '--log-level', 'warn', '.']],
];

await main(async () => {
  prepare();
  const chosen = process.argv.slice(2);
  const checking = runChecks(chosen.length > 0 ? [] : checks);
  const { exitCode, summary } = await runTests(chosen);
  const failed = exitCode === 0 ? [] : ['Tests'];
  for (const { title, heading, status, said } of await checking) {
    console.log(`${heading}\n${said}`.trimEnd());
    if (status !== 0) failed.push(title);
  }
  if (failed.length > 0) console.log(`\nFailed: ${failed.join(', ')}`);
  console.log(`\n${summary}`);
  return failed.length === 0 ? 0 : 1;
});

function headingOf(title, program, args) {
  return `\n── ${title}: ${[program, ...args].join(' ')}`;
}

/** Beside the tests, which wait a good deal; what a check says is shown when they are over. */
async function runChecks(wanted) {
  const done = [];
  for (const [title, program, args] of wanted) {
    const { status, said } = await runQuietly(join(binaries, program), args);
    done.push({ title, heading: headingOf(title, program, args), status, said });
  }
  return done;
}

/** A check that cannot be started has failed, and says why. */
function runQuietly(command, args) {
  const said = [];
  const child = spawn(command, args, {
    cwd: root,
    env: toolEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = () => child.kill();
  process.on('exit', end);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => said.push(text));
  }
  return new Promise((resolve) => {
    child.on('error', (error) => said.push(error.message));
    child.on('close', (status) => {
      process.off('exit', end);
      resolve({ status: status ?? 1, said: said.join('') });
    });
  });
}

async function runTests(chosen) {
  const folder = mkdtempSync(join(tmpdir(), 'vitest-report-'));
  const file = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const args = ['run', ...reporters, ...chosen];
    console.log(headingOf('Tests', 'vitest', args));
    const exitCode = await run(join(binaries, 'vitest'), args);
    return { exitCode, summary: summary(file) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that could not even be loaded has no tests to count: it counts as one that failed. */
function summary(file) {
  if (!existsSync(file)) return '0 passed, 1 failed';
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const unloaded = report.testResults.filter(
    (result) => result.status === 'failed' && result.assertionResults.length === 0,
  );
  const failed = report.numFailedTests + unloaded.length;
  const skipped = report.numPendingTests + report.numTodoTests;
  return (
    `${report.numPassedTests} passed, ${failed} failed` +
    (skipped > 0 ? `, ${skipped} skipped` : '')
  );
}
