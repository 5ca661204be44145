/** What a member of an archive is. Only files have content that is worth restoring. */
export type MemberKind = 'file' | 'folder' | 'symlink' | 'hardlink' | 'device' | 'fifo' | 'other';

/** A member of an archive that somebody else may have made: nothing about it is trusted. */
export interface ArchiveMember {
  /** As it is in the archive, less a leading `./` and, of a folder, the trailing `/`. */
  path: string;
  kind: MemberKind;
  /** Bytes of content that lie in the archive. */
  size: number;
  /** Milliseconds since the epoch. */
  modified: number;
  /** Permission bits; setuid, setgid and sticky are taken off. */
  mode: number;
  /** Where a link points, as it is in the archive. */
  link?: string;
  /**
   * The content of a file of at most 1 MiB, at once. It is a view of what was read: keeping it keeps
   * a whole chunk of the archive in memory.
   */
  bytes?: Buffer;
  /**
   * The content piece by piece. It can be read once, before the next member is asked for; what is
   * left of it then is passed over.
   */
  body: AsyncIterable<Buffer>;
}

/** What an archive may ask of its reader. Each is the highest value that is allowed. */
export interface ArchiveLimits {
  /** Members, of any kind. */
  members: number;
  /** Bytes of one member. */
  memberBytes: number;
  /** Bytes of all members together. */
  totalBytes: number;
  /** Bytes of one extended header or long name; 1 MiB by default. */
  headerBytes?: number;
}
