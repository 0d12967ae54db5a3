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
/** A body as somebody writes it down, in groups. */
const grouped = (size: number, gap = ' ') => (BODY.match(new RegExp(`.{1,${size}}`, 'g')) ?? []).join(gap);

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
  ...[' ', '\n', '\u00a0', '\t', ' \r\n '].flatMap((gap) => [
    ...['sk_live_', 'rk_test_', 'sk_org_', 'sk_org_live_', 'whsec_', 'nsc_'].map(
      (prefix) => prefix + gap + BODY,
    ),
    `sk_live_${grouped(4, gap)}`,
    `Shop whsec_${grouped(4, gap)}`,
  ]),
  ...[2, 3, 5, 8].map((size) => `sk_live_${grouped(size)}`),
  `sk_ live_ ${BODY}`,
  ...['', 'live_', 'test_'].map((mode) => `Shopsk_org_${mode}${BODY}`),
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
    'desk_test environment 2026',
    'desk_test_ environment of the year 2026',
    'Change sk_live_ keys every 90 days in production',
    'SK_live_Bratislava headquarters 2026',
    'nsc_east wing 2nd floor, building B2 in Stockholm',
    'whsec_ of the shops in 3 towns',
    'Takes pk_test_ and pk_live_ of 2 shops',
    'Disk_org_ chart of everybody in Stockholm',
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

it.each(['aeyJ', '_sk_', 'sk_live_ ', 'aa 1', ' ', 'nsc_'])('%j many times is soon judged', (piece) => {
  // What takes time by the square of the length would take minutes, and is not waited for.
  expect(textHoldsCredential(piece.repeat(100_000))).toBe(false);
});
