import { expect, it } from 'vitest';
import { statusText } from '../../../../cli/status/text.ts';
import { agentStatus } from '../../../../functions/shared/status/agent-status.ts';
import { givenAgent, givenRecords, now } from '../../status/given.ts';

it.each([
  [2, 'succeeded, 2 deleted'],
  [0, 'succeeded '],
  [undefined, 'succeeded '],
])('shows that the last run has deleted %j files', (filesDeleted, words) => {
  const sync = filesDeleted === undefined ? {} : { filesDeleted };
  const status = agentStatus('home', givenAgent(), givenRecords({ sync }), now);
  const row = statusText(status, now)
    .split('\n')
    .find((line) => /^sync +\d+ min/.test(line));
  expect(row).toContain(words);
});
