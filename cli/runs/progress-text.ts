import type { Amount } from '../../functions/shared/contract/index.ts';
import { bytesInWords, durationInWords } from '../output/words.ts';
import type { Speed } from './pace.ts';

/** How far something has come. */
export interface Progress {
  /** In a few words: `sync: copying to the cloud folder`. */
  doing: string;
  done: Amount;
  total?: Amount;
  speed?: Speed | undefined;
}

/** `sync: copying to the cloud folder, 3 of 12 files, 1.00 of 4.00 MiB, 512 KiB/s, 6 s left`. */
export function progressText({ doing, done, total, speed }: Progress): string {
  const parts = [doing.replace(/\s+/g, ' '), filesText(done, total), bytesText(done, total)];
  if (speed && speed.bytesPerSecond > 0) parts.push(`${bytesInWords(speed.bytesPerSecond)}/s`);
  if (speed?.leftMs !== undefined) parts.push(`${durationInWords(speed.leftMs)} left`);
  return parts.filter((part) => part !== '').join(', ');
}

function filesText({ files }: Amount, total: Amount | undefined): string {
  if (total && total.files > 0) return `${files} of ${total.files} files`;
  return files > 0 ? `${files} files` : '';
}

function bytesText({ bytes }: Amount, total: Amount | undefined): string {
  if (total && total.bytes > 0) return `${bytesInWords(bytes)} of ${bytesInWords(total.bytes)}`;
  return bytes > 0 ? bytesInWords(bytes) : '';
}

/** Part that is done, from 0 to 1: of the bytes, or of the files where those have none. */
export function shareDone({ done, total }: Pick<Progress, 'done' | 'total'>): number | undefined {
  if (!total) return undefined;
  if (total.bytes > 0) return Math.min(1, done.bytes / total.bytes);
  return total.files > 0 ? Math.min(1, done.files / total.files) : undefined;
}
