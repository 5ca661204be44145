import type { RunReason } from '../../functions/shared/contract/index.ts';

/** What a guard says at the end of its message, in the keys of a request. */
interface Question {
  /** Its own words; whatever stands before them may quote names, or what a provider has said. */
  words: RegExp;
  /** The key that answers it; its value is the first group of the words, or `true`. */
  key?: string;
}

const deletes: Question = { words: /"confirmDeletes": (\d+)\.$/, key: 'confirmDeletes' };

/** By the code of the guard, so that no foreign text becomes a command. */
const questions: ReadonlyMap<string, Question> = new Map<string, Question>([
  ['too-many-deletes', deletes],
  ['empty-source', deletes],
  ['first-push-deletes', deletes],
  ['first-pull-deletes', deletes],
  ['against-mode', deletes],
  ['config-changed', { words: /"confirmConfig": "([0-9a-f]+)"\.$/, key: 'confirmConfig' }],
  [
    'anomaly-hold',
    {
      words: /invoke prune with \{"agent": "[^"{}]+", "confirmAnomaly": "([^"{}]+)"\}\.$/,
      key: 'confirmAnomaly',
    },
  ],
  [
    'live-unconfirmed',
    { words: /"confirm": "(overwrite-live-files)"\. Nothing was written\.$/, key: 'confirm' },
  ],
  [
    'not-encrypted',
    { words: /"acceptUnencrypted": true\. Nothing was written\.$/, key: 'acceptUnencrypted' },
  ],
  [
    'needs-resync',
    { words: /with \{[^{}]*\}, then start it with \{[^{}]*"resync":true\}\.$/, key: 'resync' },
  ],
  // Somebody has to look first: it is said how to resync, and not offered as the way to go on.
  ['check-access', { words: /: \{[^{}]*"resync":true\}\.$/ }],
  ['request', { words: /^"resync" (?:belongs to|goes both ways).*$/ }],
]);

/** The end of a guard's message that is to be said in options; `undefined` of any other reason. */
export function guardWords({ code, message }: RunReason): string | undefined {
  return questions.get(code)?.words.exec(message)?.[0];
}

/** Key and value that let a blocked run go on; `undefined` where none does. */
export function answerTo({
  code,
  message,
}: RunReason): [key: string, value: string | true] | undefined {
  const { words, key } = questions.get(code) ?? {};
  const found = words?.exec(message);
  return key !== undefined && found ? [key, found[1] ?? true] : undefined;
}

/**
 * The question about deletes that a changed configuration leaves, which is asked as a warning. A
 * warning has no code: it is known by all of the guard's own words.
 */
export function secondQuestion(warning: string): RunReason | undefined {
  const guard =
    /^after that: (?:Bisync would delete \d|The (?:push|pull) would delete \d|The first (?:push|pull) to this|This (?:push|pull) goes against|The (?:workspace|cloud folder) has no files ).*If that is what you want, run it once with "confirmDeletes": \d+\.$/;
  return guard.test(warning) ? { code: 'too-many-deletes', message: warning } : undefined;
}
