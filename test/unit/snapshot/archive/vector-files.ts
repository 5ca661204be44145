/** What `odd-names.tar.zst` holds. The vector is kept as it is; a new case is a new vector. */
export const vectorFiles = [
  { path: 'plain.txt', content: 'plain\n', modified: 1_700_000_000_000, mode: 0o644 },
  { path: 'two\nlines "quoted"', content: 'newline\n', modified: 1_700_000_000_000, mode: 0o600 },
  {
    path: 'percent %s %0a/ space ',
    content: 'percent\n',
    modified: 1_700_000_000_001,
    mode: 0o755,
  },
  { path: '.hidden/...', content: 'dots\n', modified: 0, mode: 0o644 },
  { path: 'ünïcödé/文件/😀.txt', content: 'unicode\n', modified: -1_500, mode: 0o644 },
  { path: 'e\u0301 decomposed', content: '', modified: 1_700_000_000_000, mode: 0o644 },
  { path: `${'p'.repeat(155)}/${'n'.repeat(100)}`, content: 'split', modified: 1_000, mode: 0o644 },
  { path: `${'p'.repeat(200)}/n`, content: 'long', modified: 8_589_934_592_000, mode: 0o444 },
  { path: 'block less', content: 'b'.repeat(511), modified: 1_000, mode: 0o644 },
  { path: 'block', content: 'b'.repeat(512), modified: 1_000, mode: 0o644 },
  { path: 'block more', content: 'b'.repeat(513), modified: 1_000, mode: 0o644 },
];
