/**
 * Begins with what every Node since version 14 understands: somebody with an older one has to be told
 * so, and not that a module has no such export. Everything else is loaded after that.
 */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const hasZstandard = major >= 24 || (major === 23 && minor >= 8) || (major === 22 && minor >= 15);

if (hasZstandard) {
  void import('./kit.ts')
    .then(({ run }) => run(process.argv.slice(2)))
    .then((code) => {
      process.exitCode = code;
    });
} else {
  process.stderr.write(
    `This is Node ${process.versions.node}, and the recovery kit needs Node 22.15 or newer: install it from https://nodejs.org and run the same command again.\n`,
  );
  process.exitCode = 2;
}
