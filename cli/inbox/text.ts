import { nameInLine } from '../output/names.ts';
import { table } from '../output/table.ts';
import { bytesInWords, counted, timeInWords } from '../output/words.ts';
import type { Receipt } from '../../functions/shared/contract/index.ts';
import type { InboxView } from './inbox.ts';

/** An inbox in words: what waits there, then what was delivered. */
export function inboxText(view: InboxView, limit: number, now: number): string {
  const { agent, unread, receipts, delivered = [] } = view;
  if (!unread || !receipts) {
    const head = `Nothing of ${agent} lies in the workspace bucket's _inbox.`;
    if (delivered.length === 0) return `${head} Nothing was delivered lately.`;
    const lines = delivered.map(
      ({ at, names }) => `  ${timeInWords(at, now)}  ${names.map(nameInLine).join(', ')}`,
    );
    return [`${head} Delivered by runs:`, ...lines].join('\n');
  }
  return [waiting(view, limit, now), lately(receipts, new Set(unread.map(({ name }) => name)), now)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function waiting({ agent, unread = [] }: InboxView, limit: number, now: number): string {
  if (unread.length === 0) return `Nothing lies in the _inbox of ${agent}: all was taken away.`;
  const head = `${counted(unread.length, 'file lies', 'files lie')} in the _inbox of ${agent}:`;
  const rows = unread
    .slice(0, limit)
    .map(({ name, bytes, modified }) => [
      timeInWords(modified, now),
      bytesInWords(bytes),
      nameInLine(name),
    ]);
  const rest = unread.length > limit ? [`and ${unread.length - limit} more (--limit)`] : [];
  return [head, table(['since', 'size', 'name'], rows), ...rest].join('\n');
}

function lately(receipts: readonly Receipt[], unread: ReadonlySet<string>, now: number): string {
  if (receipts.length === 0) return '';
  const rows = receipts.map((receipt) => [
    timeInWords(receipt.deliveredAt, now),
    receipt.state === 'quarantined' ? 'put aside' : unread.has(receipt.name) ? 'unread' : 'taken',
    bytesInWords(receipt.size),
    receipt.source.kind === 'cloud' ? 'cloud folder' : 'drop',
    nameInLine(receipt.name),
    [...receipt.flags, receipt.reason ?? ''].filter((part) => part !== '').join('; '),
  ]);
  return `Delivered lately:\n${table(['at', 'now', 'size', 'by', 'name', 'notes'], rows)}`;
}
