import type { CloudFiles } from '../../functions/shared/contract/index.ts';
import { openContext, withAgent } from '../context.ts';
import { exitCodeOf, exitCodes, type ExitCode } from '../exit-codes.ts';
import type { General } from '../general.ts';
import { nameInLine } from '../output/names.ts';
import { bytesInWords, counted, stampInWords } from '../output/words.ts';
import { reportText } from '../report/text.ts';
import { askJob } from '../runs/invoke.ts';
import type { Shell } from '../shell.ts';

/** Lists the files of an agent's cloud folder. */
export async function list(shell: Shell, options: General & { long?: boolean }): Promise<ExitCode> {
  const context = withAgent(await openContext(shell, options));
  const report = await askJob(context, 'list', { of: 'cloud' });
  const { cloudFiles, warnings } = report;
  if (!cloudFiles) {
    if (options.json) shell.out(JSON.stringify(report, null, 2));
    else shell.say(reportText(report, { chosen: options }));
    return exitCodeOf(report.state);
  }
  if (options.json) {
    shell.out(JSON.stringify({ agent: context.agent, ...cloudFiles, warnings }, null, 2));
    return exitCodes.ok;
  }
  const lines = listLines(cloudFiles, options.long === true);
  if (lines.length > 0) shell.out(lines.join('\n'));
  for (const text of [...warnings, total(cloudFiles)]) shell.say(text);
  return exitCodes.ok;
}

/** A line for each file: its path, and with `long` its size and time before it. */
export function listLines({ named }: CloudFiles, long: boolean): string[] {
  const sizes = named.map(({ bytes }) => bytesInWords(bytes));
  const width = Math.max(0, ...sizes.map((size) => size.length));
  return named.map(({ path, modified }, index) => {
    const name = nameInLine(path);
    if (!long) return name;
    return `${(sizes[index] ?? '').padStart(width)}  ${stampInWords(modified)}  ${name}`;
  });
}

function total({ files, bytes, named }: CloudFiles): string {
  const unnamed = files - named.length;
  const rest = unnamed > 0 ? `; the first ${named.length} by path are shown` : '';
  return `${counted(files, 'file')}, ${bytesInWords(bytes)}${rest}`;
}
