import type { JobReport, JobRequest } from '../../functions/shared/contract/index.ts';
import { commandLine, type Chosen } from '../command-line.ts';
import { answerTo, secondQuestion } from './guards.ts';
import { commandOf, optionOf } from './keys.ts';

type Asked = Partial<JobRequest>;

/**
 * The command that lets a blocked run go on: what was asked for, and the confirmation that the run
 * waits for. `undefined` where no confirmation helps: something has to be mended first.
 */
export function goOnCommand(
  report: Pick<JobReport, 'job' | 'state' | 'reason' | 'warnings'>,
  asked: Asked,
  chosen: Chosen,
): string | undefined {
  if (report.state !== 'blocked' || !report.reason) return undefined;
  const confirmations = confirmationsIn(report);
  if (confirmations.length === 0) return undefined;
  const words = [...commandOf[report.job], ...repeated(report, asked), ...confirmations];
  return commandLine(words, chosen);
}

/** What has to be said again. Whose request is not known says it in its message. */
function repeated({ reason }: Pick<JobReport, 'reason'>, asked: Asked): string[] {
  const against = /^This (pull|push) goes against/.exec(reason?.message ?? '')?.[1];
  const direction = asked.direction ?? against;
  return [
    ...(asked.snapshot === undefined ? [] : [asked.snapshot]),
    ...(direction === undefined ? [] : ['--direction', direction]),
    ...(asked.paths ?? []).flatMap((path) => ['--path', path]),
    ...(asked.target === undefined ? [] : ['--to', asked.target]),
  ];
}

function confirmationsIn({ reason, warnings }: Pick<JobReport, 'reason' | 'warnings'>): string[] {
  if (!reason) return [];
  // A changed configuration may leave a second question.
  const second = reason.code === 'config-changed' ? warnings.map(secondQuestion) : [];
  return [reason, ...second].flatMap((each) => {
    const answer = each && answerTo(each);
    return (answer && optionOf(...answer)) ?? [];
  });
}
