/** `npm start`: makes the clone ready, then runs the local tour with whatever arguments follow. */
import { prepare } from './prepare.mjs';
import { main, nodePath, run } from './toolchain.mjs';

await main(() => {
  prepare();
  return run(nodePath(), ['local/start.ts', ...process.argv.slice(2)]);
});
