import type { Receipt } from '../../functions/shared/contract/index.ts';
import { nameInLine } from '../output/names.ts';
import { bytesInWords } from '../output/words.ts';
import type { Outcome } from './delivery.ts';
import type { Sent } from './send.ts';

/** A drop's receipt in words. */
export function outcomeText(sent: Sent, outcome: Outcome): string {
  const name = nameInLine(sent.path);
  const size = bytesInWords(sent.size);
  if (outcome.state === 'waiting') return `${name} (${size}) is sent, and not delivered yet.`;
  if (outcome.state === 'taken') {
    return `${name} (${size}) was taken from _outbox; its receipt lies in the workspace.`;
  }
  if (outcome.state === 'quarantined') {
    const { receipt } = outcome;
    const why = receipt
      ? `it ${receipt.reason ?? 'may not be'}`
      : 'its receipt in the workspace says why';
    return `${name} (${size}) was put aside and not delivered: ${why}. It lies at ${nameInLine(outcome.place)} of the exchange bucket.`;
  }
  const { receipt } = outcome;
  return [`${name} → _inbox/${nameInLine(receipt.name)} (${size})`, ...details(receipt)].join(
    '\n  ',
  );
}

function details({ sha256, flags, reason }: Receipt): string[] {
  return [
    ...(sha256 === undefined ? [] : [`SHA-256 ${sha256}`]),
    ...(flags.includes('renamed') ? [`renamed: ${nameless(reason)}`] : []),
    ...(flags.includes('control-file')
      ? ['it has the name of a file that steers an agent; it stays below _inbox']
      : []),
  ];
}

/** The reason quotes the name, with what could deceive escaped by the shell. */
function nameless(reason = 'its name could not be used'): string {
  return reason.replaceAll('\n', ' ');
}
