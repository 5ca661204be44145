/**
 * `npm test`: makes the clone ready, then checks types, lint and format and runs every test. With
 * arguments, which go to Vitest (`npm test -- --project unit`), it only runs tests. Its last line
 * says how many passed and failed.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { main, run, binaries } from './toolchain.mjs';

const checks = [
  ['Types', 'tsc', ['--noEmit']],
  ['Lint', 'eslint', ['.']],
  ['Format', 'prettier', ['--check', '--log-level', 'warn', '.']],
];

await main(async () => {
  prepare();
  const chosen = process.argv.slice(2);
  const failed = [];
  for (const [title, program, args] of chosen.length > 0 ? [] : checks) {
    if ((await section(title, program, args)) !== 0) failed.push(title);
  }
  const { exitCode, summary } = await runTests(chosen);
  if (exitCode !== 0) failed.push('Tests');
  if (failed.length > 0) console.log(`\nFailed: ${failed.join(', ')}`);
  console.log(`\n${summary}`);
  return failed.length === 0 ? 0 : 1;
});

async function section(title, program, args) {
  console.log(`\n── ${title}: ${[program, ...args].join(' ')}`);
  return run(join(binaries, program), args);
}

async function runTests(chosen) {
  const folder = mkdtempSync(join(tmpdir(), 'vitest-report-'));
  const file = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const exitCode = await section('Tests', 'vitest', ['run', ...reporters, ...chosen]);
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
