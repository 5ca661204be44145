import { expect, it } from 'vitest';
import { readEntries, type LogEvent } from '../../../../cli/logs/entries.ts';
import { entryText, isWanted } from '../../../../cli/logs/text.ts';

it('knows whose a line is by the others of its invocation', () => {
  const entries = readEntries(
    given(
      'START RequestId: 1',
      '{"level":"WARN","message":"rclone: slow"}',
      '{"level":"INFO","message":"sync succeeded","report":{"agent":"main","runId":"r1"}}',
      'END RequestId: 1',
      'START RequestId: 2',
      '{"level":"WARN","message":"rclone: other"}',
    ),
  );
  const shown = entries.filter((entry) => isWanted(entry, { level: 'info' })).map(entryText);
  expect(shown).toEqual([
    '2026-11-22 10:15:01 UTC WARN  sync rclone: slow agent=main run=r1',
    '2026-11-22 10:15:02 UTC INFO  sync sync succeeded agent=main run=r1',
    '2026-11-22 10:15:05 UTC WARN  sync rclone: other',
  ]);
  const ofRun = entries.filter((entry) => isWanted(entry, { level: 'warn', runId: 'r1' }));
  expect(ofRun.map(({ message }) => message)).toEqual(['rclone: slow']);
});

it('gives a line that comes late to the invocation in which it was written', () => {
  const events = given(
    'START RequestId: 1',
    '{"message":"first","runId":"r1"}',
    'a late line of the first',
    'START RequestId: 2',
    '{"message":"second","runId":"r2"}',
  );
  const [start, first, late, ...second] = events;
  const entries = readEntries(
    [start, first, ...second, late].filter((event) => event !== undefined),
  );
  expect(entries.map(({ message, runId }) => [message, runId])).toContainEqual([
    'a late line of the first',
    'r1',
  ]);
});

it('shows what Lambda says of a function that did not end by itself, and no metrics', () => {
  const entries = readEntries(
    given(
      '2026-11-22T10:15:00Z abc Task timed out after 900.00 seconds',
      '{"_aws":{},"RunFailed":1}',
    ),
  );
  const shown = entries.filter((entry) => isWanted(entry, { level: 'error' }));
  expect(shown.map(({ message }) => message)).toEqual([expect.stringContaining('Task timed out')]);
});

it('keeps a hostile line on one line, with its escapes shown', () => {
  const message = JSON.stringify({ level: 'INFO', message: 'a\u001b[2J\nERROR forged\u202e' });
  const [entry] = readEntries(given(message));
  expect(entry && entryText(entry)).toBe(
    '2026-11-22 10:15:00 UTC INFO  sync a\\u001b[2J\\nERROR forged\\u202e',
  );
});

function given(...messages: string[]): LogEvent[] {
  const start = Date.parse('2026-11-22T10:15:00Z');
  return messages.map((message, second) => {
    return { function: 'sync', stream: 's', timestamp: start + second * 1_000, message };
  });
}
