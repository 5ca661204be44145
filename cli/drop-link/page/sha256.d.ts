export function createSha256(): { update(bytes: Uint8Array): void; hex(): string };
