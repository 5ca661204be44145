import { randomInt } from 'node:crypto';

/** How strong a passphrase is, from 0 to 4, and in words. */
export interface Strength {
  score: number;
  /** Why it is weak, and what would be better; empty where it is strong. */
  advice: string;
  isWeak: boolean;
}

/**
 * zxcvbn's scale counts guesses: 3 is 10^8 to 10^10 of them. Each guess at a snapshot costs an
 * attacker a scrypt, and a snapshot that was copied can be guessed at for ever.
 */
const leastScore = 3;

/** Judges a passphrase. The dictionaries, some megabytes, are loaded here and nowhere else. */
export async function strengthOf(passphrase: string): Promise<Strength> {
  const { judge } = await import('./judge.ts');
  // Its time grows with the length; what is beyond this only makes it stronger.
  const { score, guessesLog10 } = judge.check(passphrase.slice(0, 128));
  const isWeak = score < leastScore;
  const guesses = `about 10^${Math.max(1, Math.ceil(guessesLog10))} guesses would find it`;
  const better = 'Take five or more words that nobody would say together';
  const advice = isWeak ? `It is weak (${score} of 4): ${guesses}. ${better}.` : '';
  return { score, advice, isWeak };
}

/** Letters and digits that nobody takes for another when copying from paper. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';

/** A passphrase with more than 128 bits of chance, in groups that can be read aloud. */
export function generatePassphrase(): string {
  const group = (): string =>
    Array.from({ length: 5 }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
  return Array.from({ length: 6 }, group).join('-');
}

/** What has to be said whenever a passphrase is set. */
export const passphraseWarning =
  'Keep the passphrase somewhere outside of AWS as well, such as in a password manager: without it ' +
  'nobody can open the snapshots, you included. Snapshots that exist keep the passphrase they were ' +
  'made with.';
