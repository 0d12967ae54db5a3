import { holdsCredential } from './credential-shape.js';

it.each([
  'sk_',
  'RK_live',
  'pk_test_x',
  'rkcs_test',
  'x_sk_live_',
  'a whsec_',
  'sk_org_x',
  'eyJhbGciOi',
  'Bearer eyJhbGciOiJI',
  'a nsc_0aZ9bY8c',
])('%s may hold a credential', (text) => {
  expect(holdsCredential(text)).toBe(true);
});

it.each([
  'test_secret_key',
  'invoice.paid',
  'risk',
  'sku_1',
  'monkeyJar',
  'in_1',
  'Eyjafjallajökull',
  'a keyJump',
  'webhook_secret',
  'nsc_1',
])('%s holds none', (text) => {
  expect(holdsCredential(text)).toBe(false);
});
