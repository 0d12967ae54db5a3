// What the bench of growth sends: how a project comes to be, and the requests that are measured.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';

/** What signs access tokens. */
export const JWT_SECRET = randomBytes(48).toString('base64url');

let eventNumber = 0;

/** What is sent for each kind of request. */
export const REQUESTS = {
  PUT: ({ sample }) =>
    sample.map(({ id, owner }) => ({
      method: 'PUT',
      path: configPath(id),
      headers: { authorization: `Bearer ${tokenOf(owner)}`, 'content-type': 'application/json' },
      setupRequest: (request) => ({ ...request, body: JSON.stringify(keysOf(`put ${eventNumber++}`)) }),
    })),
  GET: ({ sample }) =>
    sample.map(({ id, owner }) => ({
      path: configPath(id),
      headers: { authorization: `Bearer ${tokenOf(owner)}` },
    })),
  webhook: ({ sample, name }) =>
    sample.map(({ id }) => ({
      path: webhookPath(id),
      setupRequest: (request) => ({ ...request, ...signedEvent(secretOf(`first ${name}`)) }),
    })),
  'list of projects': ({ sample }) =>
    sample.map(({ owner }) => ({
      path: '/api/v1/payments/projects',
      headers: { authorization: `Bearer ${tokenOf(owner)}` },
    })),
  'list of events': ({ sample }) =>
    sample.map(({ id, owner }) => ({
      path: `/api/v1/payments/stripe/projects/${id}/events`,
      headers: { authorization: `Bearer ${tokenOf(owner)}` },
    })),
};

/** A project that has changed its webhook secret and received an event, for {@link fill} to copy. */
export async function makeTemplate(service) {
  const { id } = await send(service, 'POST', '/api/v1/projects', 'template', { name: 'Template' });
  await put(service, id, 'template', 'before');
  await put(service, id, 'template', 'template');
  const response = await fetch(service.url + webhookPath(id), signedEvent(secretOf('template')));
  if (!response.ok) throw new Error(`webhook: ${response.status}`);
  return id;
}

async function send(service, method, path, subject, body) {
  const response = await fetch(service.url + path, {
    method,
    headers: { authorization: `Bearer ${tokenOf(subject)}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Stores a project's credentials, made of a seed. */
export function put(service, id, owner, seed) {
  return send(service, 'PUT', configPath(id), owner, {
    ...keysOf(seed),
    test_webhook_secret: secretOf(seed),
  });
}

function tokenOf(subject) {
  return jsonwebtoken.sign({}, JWT_SECRET, { subject, expiresIn: '10h' });
}

function configPath(id) {
  return `/api/v1/payments/stripe/projects/${id}/config`;
}

function webhookPath(id) {
  return `/api/v1/payments/stripe/webhooks/${id}/test`;
}

function secretOf(seed) {
  return ['whsec', createHash('sha256').update(seed).digest('hex')].join('_');
}

function keysOf(seed) {
  const text = createHash('sha512').update(`bench ${seed}`).digest('hex');
  return {
    test_secret_key: ['sk', 'test', text.slice(0, 99)].join('_'),
    test_publishable_key: ['pk', 'test', text.slice(1, 100)].join('_'),
  };
}

/** An event that was never sent before, of some 1.5 kB. */
function signedEvent(secret) {
  const now = Math.floor(Date.now() / 1000);
  const id = `evt_bench_${eventNumber++}`;
  const object = { id: `in_${id}`, object: 'invoice', description: 'x'.repeat(1_300) };
  const body = JSON.stringify({
    id,
    object: 'event',
    created: now,
    livemode: false,
    type: 'invoice.paid',
    data: { object },
  });
  const signature = createHmac('sha256', secret).update(`${now}.${body}`).digest('hex');
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'stripe-signature': `t=${now},v1=${signature}` },
    body,
  };
}
