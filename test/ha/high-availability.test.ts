import {
  leaderCutOff,
  leaderFrozen,
  leaderKilled,
  poolerRestarted,
  servicesRolled,
  standbyLost,
} from './faults.js';
import { report } from './report.js';
import { Rig } from './rig.js';

/** How often each fault is made. */
const ROUNDS = Number(process.env.HA_ROUNDS ?? 20);

describe('with synchronous replication', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start({ isSynchronous: true });
  });
  afterAll(() => rig.stop());

  it.each([
    ['the leader is killed', leaderKilled],
    ['the leader is frozen', leaderFrozen],
    ['the leader is cut off from the other nodes', leaderCutOff],
    ['the standby is lost', standbyLost],
    ['the pooler is restarted', poolerRestarted],
    ['the services are rolled', servicesRolled],
  ])('loses nothing and applies nothing twice when %s', async (name, fault) => {
    for (let round = 1; round <= ROUNDS; round++) {
      const result = await rig.cost(fault);
      report(name, round, result);
      expect(result).toMatchObject({ lost: 0, stale: 0, doubled: 0 });
    }
  });
});

describe('with asynchronous replication', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start({ isSynchronous: false });
  });
  afterAll(() => rig.stop());

  it('finds what was lost when the leader is cut off from the other nodes', async () => {
    const result = await rig.cost(leaderCutOff);
    report('control: asynchronous, the leader is cut off', 1, result);
    expect(result.lost).toBeGreaterThan(0);
  });
});
