import { basename } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };

export const version: string = packageJson.version;

/** What `--help` says. */
export function helpText(): string {
  const kit = `node ${basename(process.argv[1] ?? 'recovery.mjs')}`;
  return `Brings files back from snapshots of Workspace Sync for AWS. It needs this file, a copy of the
snapshots in a folder, and the passphrase or the RSA private key: no account and no network.

  ${kit} list [FOLDER]
      shows the snapshots in FOLDER; needs no key
  ${kit} verify [FOLDER] [--snapshot ID]
      reads all of them back, or one, and says whether they are good
  ${kit} restore [FOLDER] --to NEW_FOLDER
      brings the newest snapshot back, into a folder that is new or empty

FOLDER is where the snapshots lie; by default where this file lies.

  --snapshot ID|latest    which snapshot, as list shows it
  --agent NAME            of which agent, where the folder has snapshots of several
  --path PATTERN          only this file, folder or pattern (*, **, ?, {a,b}); may be repeated
  --dry-run               show what would come; write nothing
  --passphrase-file FILE  the passphrase is in FILE; "-" is standard input
  --private-key FILE      open with this RSA private key (PEM)

The passphrase is asked for, or read from standard input where that is not a terminal.
Exit codes: 0 done, 1 failed or damaged, 2 not possible as typed, 3 wrong or missing key,
130 interrupted.
`;
}
