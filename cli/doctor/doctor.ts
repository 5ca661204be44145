import { visible } from '../../functions/shared/deceptive.ts';
import { wordsFor } from '../aws/faults.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { General } from '../general.ts';
import { counted } from '../output/words.ts';
import type { Shell } from '../shell.ts';
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
  shell.out(general.json ? JSON.stringify(findings, null, 2) : findings.map(textOf).join('\n'));
  const amiss = findings.filter(({ state }) => state === 'wrong');
  if (!general.json) {
    const count = counted(amiss.length, 'thing is', 'things are');
    shell.out(amiss.length === 0 ? '\nAll is well.' : `\n${count} wrong.`);
  }
  return amiss.length === 0 ? exitCodes.ok : exitCodes.failed;
}

/** Runs checks beside each other; none stops another, and none takes longer than it may. */
export async function examine(
  examination: Examination,
  checks: readonly Check[],
): Promise<Finding[]> {
  const findings = await Promise.all(checks.map((check) => run(check, examination)));
  return findings.flat();
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

function textOf({ check, about, state, message, cure, runbook }: Finding): string {
  const whom = about === undefined || about === '' ? '' : ` (${about})`;
  const lines = [`${marks[state]}  ${check}${whom}: ${message}`];
  if (cure !== undefined) lines.push(`         ${cure}.`);
  if (runbook !== undefined) lines.push(`         docs/runbook.md#${runbook}`);
  return visible(lines.join('\n'));
}
