import { visible } from '../../functions/shared/deceptive.ts';
import { wordsFor } from '../aws/faults.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { General } from '../general.ts';
import { counted } from '../output/words.ts';
import type { Shell } from '../shell.ts';
import { byCause, type Cause } from './causes.ts';
import { deployedChecks } from './deployed.ts';
import { type Check, type Examination, openExamination } from './examination.ts';
import { type Finding, type Found, wrong } from './finding.ts';
import { insideChecks } from './inside.ts';
import { machineChecks } from './machine.ts';

const standardLimitMs = 20_000;

/** Looks at everything, prints what it finds with a cure for each; exit code 1 where something is wrong. */
export async function doctor(shell: Shell, general: General): Promise<ExitCode> {
  const examination = openExamination(shell, general);
  const findings = await examine(examination, [
    ...machineChecks(),
    ...deployedChecks(),
    ...insideChecks(),
  ]);
  shell.out(general.json ? JSON.stringify(findings, null, 2) : findingsText(findings));
  const isWell = findings.every(({ state }) => state !== 'wrong');
  return isWell ? exitCodes.ok : exitCodes.failed;
}

/** Findings for people: each cause once, and how many there are. */
export function findingsText(findings: readonly Finding[]): string {
  const causes = byCause(findings);
  const amiss = causes.filter(({ finding }) => finding.state === 'wrong');
  const count = counted(amiss.length, 'thing is', 'things are');
  const sum = amiss.length === 0 ? 'All is well.' : `${count} wrong.`;
  return [...causes.map(textOf), '', sum].join('\n');
}

/**
 * Runs checks beside each other, but for those that have to wait for another; none stops another, and
 * none takes longer than it may.
 */
export async function examine(
  examination: Examination,
  checks: readonly Check[],
): Promise<Finding[]> {
  const begun = new Map<string, Promise<Finding[]>>();
  for (const check of checks) {
    const before = begun.get(check.after ?? '') ?? Promise.resolve();
    begun.set(
      check.name,
      before.then(() => run(check, examination)),
    );
  }
  return (await Promise.all(begun.values())).flat();
}

async function run(check: Check, examination: Examination): Promise<Finding[]> {
  const { name, limit = standardLimitMs } = check;
  const over = new AbortController();
  const late = examination.shell.clock.sleep(limit, over.signal).then(
    () => wrong(`It took longer than ${limit / 1000} s`, 'Try again; check the network'),
    () => [],
  );
  const found = await Promise.race([
    check.look(examination).catch((error: unknown) => failed(error, examination.general)),
    late,
  ]);
  over.abort();
  return [found].flat().map((each) => ({ check: name, ...each }));
}

/** What a check throws is a finding too. */
function failed(error: unknown, general: General): Found {
  const message = wordsFor(error, general);
  const [what = '', ...rest] = message.split(/(?<=[.:]) /);
  return wrong(what, rest.join(' ').replace(/\.$/, '') || 'See the message');
}

const marks = { ok: 'ok   ', wrong: 'WRONG', unknown: '?    ' } as const;

function textOf({ finding, followers }: Cause): string {
  const { check, about, state, message, cure, runbook } = finding;
  const whom = about === undefined || about === '' ? '' : ` (${about})`;
  const lines = [`${marks[state]}  ${check}${whom}: ${message}`];
  if (cure !== undefined) lines.push(`         ${cure}.`);
  if (runbook !== undefined) lines.push(`         docs/runbook.md#${runbook}`);
  if (followers.length > 0) {
    const checks = [...new Set(followers.map((each) => each.check))].join(', ');
    lines.push(`         For the same reason: ${checks}.`);
  }
  // What a finding says may have lines, which must not look like findings.
  return visible(lines.map((line) => line.replaceAll('\n', '\n         ')).join('\n'));
}
