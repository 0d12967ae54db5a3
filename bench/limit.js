// The bare limit: what the two requests cost with node:http and pg alone, on the same database and the same prepared
// statements. It verifies the token, asks who owns the project, seals, writes or reads, and answers the same JSON.
// It judges nothing else, logs nothing and survives nothing.
import { createCipheriv, createHmac, createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import jsonwebtoken from 'jsonwebtoken';
import pg from 'pg';
import { prepareText, valuesInOrder } from '../dist/payments/database/statement.js';
import { FIND } from '../dist/payments/stripe-config/stripe-config.statements.js';
import { UPSERT, credentialParameters } from '../dist/payments/stripe-config/upsert.statements.js';
import {
  CREDENTIAL_FIELDS,
  FIELDS_OF_ONE_MODE,
  PREVIOUS_FIELDS,
} from '../dist/payments/domain/credentials.js';

const FIND_OWNER = { name: 'find_owner', text: 'SELECT owner_id FROM projects WHERE id = $1 AND is_active' };
const { DATABASE_URL, AUTH_JWT_SECRET, PORT } = process.env;
const secret = createSecretKey(Buffer.from(AUTH_JWT_SECRET));
const sealing = createSecretKey(randomBytes(32));
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });

const server = createServer((request, response) => {
  handle(request).then(
    (row) => {
      const body = JSON.stringify(toResponse(row));
      response.writeHead(200, {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
      });
      response.end(body);
    },
    () => response.writeHead(500).end(),
  );
});

async function handle(request) {
  const { sub } = jsonwebtoken.verify(request.headers.authorization.slice(7), secret, {
    algorithms: ['HS256'],
  });
  const projectId = request.url.split('/')[6].toLowerCase();
  const owner = await pool.query({ ...FIND_OWNER, values: [projectId] });
  if (owner.rows[0]?.owner_id !== sub) throw new Error('not the owner');
  if (request.method === 'GET') return (await run(FIND, { project_ids: [projectId] }))[0];
  const body = JSON.parse(await read(request));
  const credentials = new Map(
    CREDENTIAL_FIELDS.filter((field) => body[field] !== undefined).map((field) => [
      field,
      protect(projectId, field, body[field]),
    ]),
  );
  const [row] = await run(UPSERT, {
    project_id: projectId,
    ...credentialParameters(credentials),
    changed_by: sub,
    change_request_id: randomUUID(),
    expected_versions: null,
    must_exist: false,
    create_only: false,
    overlap_seconds: 0,
    previous_names: PREVIOUS_FIELDS,
    of_one_mode: FIELDS_OF_ONE_MODE,
  });
  return row;
}

async function run(statement, values) {
  const { sql, order } = prepareText(statement, undefined);
  const query = { name: statement.name, text: sql, values: valuesInOrder(statement, order, values) };
  return (await pool.query(query)).rows;
}

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function protect(projectId, field, value) {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', sealing, iv);
  cipher.setAAD(Buffer.from(projectId + field));
  const blob = Buffer.concat([iv, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
  const prefix = field.endsWith('webhook_secret') ? 'whsec_' : value.slice(0, 8);
  return {
    sealed: `sc1.aaaaaaaaaa.${blob.toString('base64url')}`,
    masked: `${prefix}...${value.slice(-4)}`,
    fingerprints: [fingerprint(value)],
  };
}

function fingerprint(value) {
  return createHmac('sha256', sealing).update(value).digest('base64url');
}

function toResponse(row) {
  return {
    id: row.id,
    project_id: row.project_id,
    is_active: row.is_active,
    has_test_credentials: row.shown.test_secret_key !== undefined,
    has_live_credentials: row.shown.live_secret_key !== undefined,
    ...Object.fromEntries(CREDENTIAL_FIELDS.map((field) => [`${field}_masked`, row.shown[field] ?? null])),
    test_configured_at: row.configured_at.test ?? null,
    live_configured_at: row.configured_at.live ?? null,
    created_at: row.created_at,
    updated_at: row.updated_at,
  };
}

server.listen(Number(PORT), '127.0.0.1', () =>
  process.stdout.write(`listening at http://127.0.0.1:${server.address().port}\n`),
);
process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void pool.end();
});
