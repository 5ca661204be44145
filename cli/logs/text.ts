import { isoTime } from '../../functions/shared/clock.ts';
import { visible } from '../../functions/shared/deceptive.ts';
import { stampInWords } from '../output/words.ts';
import { levels, type Entry, type Level } from './entries.ts';

/** Which lines are wanted. */
export interface Filter {
  level: Level;
  agent?: string | undefined;
  runId?: string | undefined;
}

/** Whether a line is shown. */
export function isWanted(entry: Entry, { level, agent, runId }: Filter): boolean {
  if (entry.isPlatform || levels.indexOf(entry.level) < levels.indexOf(level)) return false;
  return isOf(entry, { agent, runId });
}

/** Whether a line belongs to the agent and the run that are asked for. */
function isOf(entry: Entry, { agent, runId }: Omit<Filter, 'level'>): boolean {
  return (
    (agent === undefined || entry.agent === agent) && (runId === undefined || entry.runId === runId)
  );
}

/** `2026-11-22 10:15:00 UTC WARN sync  message  agent=main run=2026…`, always one line. */
export function entryText({ event, level, message, agent, runId }: Entry): string {
  const time = stampInWords(isoTime(event.timestamp));
  const owner = [agent && `agent=${agent}`, runId && `run=${runId}`].filter(Boolean).join(' ');
  const words = [time, level.toUpperCase().padEnd(5), event.function, message, owner];
  return oneLine(words.filter((word) => word !== '').join(' '));
}

function oneLine(text: string): string {
  return visible(text).replaceAll('\n', '\\n').replaceAll('\t', ' ');
}
