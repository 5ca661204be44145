/**
 * A run that is killed at the very moment at which its refreshed token is saved. Started by
 * token-rotation.test.ts; its argument says where the services and the provider are.
 */
import { givenAgent, type Services, TokenWorld } from './world.ts';

const { services, agent, options } = JSON.parse(process.argv[2] ?? '{}') as {
  services: Services;
  agent: string;
  options: Record<string, string>;
};
const world = new TokenWorld(services);
const { secrets } = world.runtime;
world.runtime.secrets = {
  ...secrets,
  replace: async (...given) => {
    const outcome = await secrets.replace(...given);
    process.kill(process.pid, 'SIGKILL');
    return outcome;
  },
};
await world.list(givenAgent(agent, options));
