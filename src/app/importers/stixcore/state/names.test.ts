import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makerOf, readProductName } from './names.ts';

test('an old product belongs to the day or the request that its step makes it of here', () => {
  for (const [path, step, key] of [
    ['LB/21/6/30/solo_LB_stix-21-6-30_0841536000_V02.fits', 'LB', '21-6-30/0841536000'],
    ['L0/21/6/30/solo_L0_stix-ql-lightcurve_0841536000_V02U.fits', 'L0', '21-6-30/0841536000'],
    ['L1/2026/09/01/QL/solo_L1_stix-ql-lightcurve_20260901_V02U.fits', 'L1QL', 'ql-lightcurve/0841536000'],
    ['L1/2026/09/01/HK/solo_L1_stix-hk-maxi_20260901_V02.fits', 'L1', 'hk-maxi/0841536000'],
    [
      'LB/21/6/24/solo_LB_stix-21-6-24_0000000000-9999999999_V02_0000012345-00007.fits',
      'LB',
      '21-6-24/0000000000-9999999999_0000012345-00007',
    ],
    [
      'L0/21/6/24/solo_L0_stix-sci-xray-spec_0841536060-0841536070_V02_0000012345-00007.fits',
      'L0',
      '21-6-24/0000000000-9999999999_0000012345-00007',
    ],
    [
      'L1/2026/09/01/SCI/solo_L1_stix-sci-xray-spec_20260901T000100-20260901T000110_V02_0000012345-00007.fits',
      'L1SCI',
      'sci-xray-spec_0000012345-00007',
    ],
    ['L1/2026/09/01/CAL/solo_L1_stix-cal-energy_20260901T000100-20260901T000110_V03.fits', 'L1', ''],
  ] as const) {
    const name = readProductName(path);
    assert.ok(name !== undefined, path);
    assert.deepEqual(makerOf(path, name), { step, key });
  }
});
