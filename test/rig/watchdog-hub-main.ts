/** A hub in a process of its own, to be killed: its folder and port as arguments, the tokens it makes by IPC. */
import type { TestContext } from 'node:test';
import { startWatchdogHub } from './watchdog-hub.ts';

const [folder = '', port = '0', agent = ''] = process.argv.slice(2);
// Nothing is tidied up where everything is killed.
const context = { after: () => {} } as unknown as TestContext;
const hub = await startWatchdogHub(context, { folder, port: Number(port) });
process.on('disconnect', () => void hub.close());
process.send?.({ wsUrl: hub.wsUrl, token: hub.agentToken(agent) });
