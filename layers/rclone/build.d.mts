/** Lambda's words for the two architectures that it runs on. */
export type Architecture = 'arm64' | 'x86_64';

/** One way to get an archive: it throws when it cannot be reached. */
export type Fetcher = (pin: { sha256: string; entry: string }, folder: string) => Buffer;

/** What tests replace. */
export interface LayerOptions {
  /** Where things are built and cached; `.tools` in the checkout. */
  tools?: string;
  lockFile?: string;
  /** Only RCLONE_BINARY and PATH are read. */
  env?: Record<string, string | undefined>;
  platform?: string;
  /** Told when something is about to take a while. */
  log?: (line: string) => void;
  /** In order of preference, by the names that the lock file uses. */
  fetchers?: Partial<Record<'official' | 'python', Fetcher>>;
}

/** Lambda's name for the architecture of this machine. */
export function hostArchitecture(): Architecture;
/** Builds the layer unless it is there; the folder with `bin/rclone`, the licence and the lock. */
export function buildLayer(arch: Architecture, options?: LayerOptions): string;
/** Builds the layer unless it is there; the zip file to deploy. Synchronous. */
export function layerZip(arch: Architecture, options?: LayerOptions): string;
/** The path of an rclone that runs on this machine. */
export function localRclone(options?: LayerOptions): string;
