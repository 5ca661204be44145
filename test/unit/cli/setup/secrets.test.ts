import { describe, expect, it } from 'vitest';
import type { Entries } from '../../../../cli/secrets/entries.ts';
import type { Answers } from '../../../../cli/setup/answers.ts';
import { Interview } from '../../../../cli/setup/interview.ts';
import { expectSamePassphrases } from '../../../../cli/setup/secrets.ts';
import { processShell } from '../../../../cli/shell.ts';
import { parseConfig } from '../../../../functions/shared/config/index.ts';

const backup = { enabled: true, provider: 's3', encrypt: true, passphrase: '${PASS}' };
const parsed = parseConfig({ sync: { provider: 'off' }, backup });

function setUp(
  stored: Record<string, string>,
  { answers = {}, imported = {} }: { answers?: Answers; imported?: Record<string, string> },
): Promise<void> {
  const entries = { read: () => Promise.resolve(stored) } as unknown as Entries;
  const interview = new Interview({ ...processShell(), canAsk: false }, answers, { yes: true });
  return expectSamePassphrases({ interview, entries }, { parsed, imported });
}

describe('a setup with a passphrase', () => {
  it.each([
    ['in the answers', { answers: { secrets: { PASS: 'fresh' } } }],
    ['in an imported file', { imported: { PASS: 'fresh' } }],
  ])('does not replace the one that is stored: %s', async (_where, given) => {
    await expect(setUp({ PASS: 'stored' }, given)).rejects.toThrow(
      /PASS of agent "main" is stored already.*--replace/,
    );
  });

  it('goes on where none is stored, or the same', async () => {
    await setUp({}, { imported: { PASS: 'fresh' } });
    await setUp({ PASS: 'fresh' }, { answers: { secrets: { PASS: 'fresh' } } });
    await setUp({ PASS: 'stored' }, {});
  });
});
