import { holdsCredential, textHoldsCredential } from './credential-shape.js';

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

const BODY = '51Hx9aZ0bYc8dXe7fWg6hVi5';
const JWT_PART = 'eyJhbGciOiJI';

it.each([
  ...['sk_test_', 'rk_live_', 'pk_test_', 'rkcs_test_', 'sk_org_', 'whsec_', 'SK_LIVE_', 'nsc_'].map(
    (prefix) => prefix + BODY,
  ),
  ...['sk_test_', 'whsec_'].map((prefix) => prefix + BODY.slice(0, 8)),
  ...['sk_live_', 'whsec_', 'nsc_', 'sk_'].map((prefix) => prefix + 'abcdefghijklmnopqrstuvwx'),
  `keys:\nsk_test_${BODY}, and more`,
  `Shopsk_live_${BODY}`,
  `x_sk_live_${BODY}`,
  ...['\u200c', '\u200d', '\u200b', '\u00ad', '\ufe0f', '\u{e0061}', '\u3164'].flatMap((hidden) => [
    `sk${hidden}_test_${BODY}`,
    `s${hidden}k_test_${BODY}`,
    `sk_test_51${hidden}${BODY}`,
  ]),
  `Bearer ${JWT_PART}`,
  `Shop${JWT_PART}.${JWT_PART}`,
])('the text %j holds a credential', (text) => {
  expect(textHoldsCredential(text)).toBe(true);
});

it.each([
  ...[
    'Desk_test',
    'task_test',
    'risk_live',
    'disk_organizer',
    'pk_shop',
    'SK_Brno',
    'rk_ design',
    'sk_',
    'sk_live',
  ],
  ...[
    'project nsc_stockholm',
    'nsc_stockholm_2026',
    'desk_test_environment_2026',
    'SK_live_Bratislava',
    'whsec_rotation',
  ],
  ...[
    'webhook_secret',
    'Eyjafjallajökull',
    'a keyJumping',
    'monkeyJar',
    'نمونه‌ها',
    'auth0|5f7c8ec7c33c6c004bbafe82',
  ],
])('the text %j holds none', (text) => {
  expect(textHoldsCredential(text)).toBe(false);
});
