import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.js';
import type { Machine } from './machine.js';
import type { Fault, Rig } from './rig.js';

/** How long a machine is away when nothing else decides it, in milliseconds. */
const AWAY_MS = 5_000;

async function isSucceeded({ cluster }: Rig, leader: Machine): Promise<void> {
  await eventually('another leader', async () => (await cluster.leader()) !== leader, 120_000);
  await delay(AWAY_MS);
}

/** The leader's machine loses its power, and gets it back when another leads. */
export const leaderKilled: Fault = async (rig) => {
  const leader = await rig.cluster.leader();
  leader.signal('SIGKILL');
  await isSucceeded(rig, leader);
  rig.cluster.start(leader);
};

/** The leader's machine stands still, as one that is moved does, and wakes when another leads. */
export const leaderFrozen: Fault = async (rig) => {
  const leader = await rig.cluster.leader();
  leader.signal('SIGSTOP');
  await isSucceeded(rig, leader);
  leader.signal('SIGCONT');
};

/** The leader loses the other nodes, while clients still reach it. */
export const leaderCutOff: Fault = async (rig) => {
  const leader = await rig.cluster.leader();
  const { nodes, arbiters } = rig.cluster;
  const others = [...nodes.filter((node) => node !== leader), ...arbiters];
  leader.loseSightOf(others);
  await isSucceeded(rig, leader);
  leader.seeAgain(others);
};

/** The machine of the standby that commits wait for loses its power. */
export const standbyLost: Fault = async ({ cluster }) => {
  const standby = await cluster.standby();
  standby.signal('SIGKILL');
  await delay(AWAY_MS);
  cluster.start(standby);
};

/** PgBouncer is killed and started. */
export const poolerRestarted: Fault = async ({ pooler }) => {
  await pooler.restart();
  await delay(AWAY_MS);
};

/** Both services are restarted, one after the other. */
export const servicesRolled: Fault = ({ services }) => services.roll();
