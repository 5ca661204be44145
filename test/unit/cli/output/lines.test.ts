import { expect, it } from 'vitest';
import { findingsText } from '../../../../cli/doctor/doctor.ts';
import { facts } from '../../../../cli/output/table.ts';
import { reportText } from '../../../../cli/report/text.ts';
import { statusText } from '../../../../cli/status/text.ts';
import { givenReport } from '../report/report.ts';
import { agentStatus } from '../../../../functions/shared/status/agent-status.ts';
import { givenAgent, givenRecords, now } from '../../status/given.ts';

const forged = ['main: all is well', '  To let it go on:', 'ok     alarms: No alarm rings'];

/** What a provider may say, with lines that look like ours. */
const said = ['no', ...forged].join('\n');

it.each([
  [
    'a status',
    () => {
      const lastReason = { code: 'network', message: said };
      const records = givenRecords({ sync: { lastState: 'failed', lastReason } });
      return statusText(agentStatus('home', givenAgent(), records, now), now);
    },
  ],
  [
    'the report of a run',
    () => reportText(givenReport({ state: 'failed', reason: { code: 'network', message: said } })),
  ],
  ['facts', () => facts([['newest', said]])],
  [
    'what the doctor has found',
    () => findingsText([{ check: 'cloud', state: 'wrong', message: said, cure: said }]),
  ],
])('lets nothing that others say pass for lines of %s', (_, text) => {
  const lines = text().split('\n');
  for (const line of forged) expect(lines).not.toContain(line);
});
