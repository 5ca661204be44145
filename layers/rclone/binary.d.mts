/** The version that `rclone version` reports. */
export function rcloneVersion(path: string): string;
/** Refuses an rclone older than the project can work with; the version otherwise. */
export function requireVersion(path: string, minimum: string, advice: string): string;
/** Whether one dotted version is the other or newer. */
export function isAtLeast(version: string, minimum: string): boolean;
/** The architecture of a statically linked Linux executable, or undefined. */
export function staticLinuxArchitecture(path: string): 'arm64' | 'x86_64' | undefined;
