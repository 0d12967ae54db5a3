import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startIdentityProvider } from './support/identity-provider.js';
import { PROXIED_DOMAIN, startConnectProxy, type ConnectProxy } from './support/connect-proxy.js';
import { startAwsKms } from './support/key-services/aws-kms-server.js';
import { startGcpKms } from './support/key-services/gcp-kms-server.js';
import type { LocalKeyService } from './support/key-services/local-key-service.js';
import { startVaultTransit } from './support/key-services/vault-transit-server.js';
import { cleanUp, runProgram, temporaryFolder, type Settings } from './support/process.js';
import { LocalStripe } from './support/stripe/local-stripe.js';

/*
 * Every call that leaves the process, in a process of its own, through a real CONNECT proxy to a TLS server. The names that are
 * called exist nowhere, so that whatever is answered has come through the proxy.
 */

const KEY = ['rk', 'test', 'outboundProxyOnly'].join('_');
const stops: (() => unknown)[] = [];

afterEach(async () => {
  await cleanUp();
  for (const stop of stops.splice(0)) await stop();
});

async function proxyTo(target: string): Promise<ConnectProxy> {
  const proxy = await startConnectProxy(target);
  stops.push(() => {
    proxy.stop();
  });
  return proxy;
}

async function startStripe(): Promise<LocalStripe> {
  const stripe = await LocalStripe.start();
  stops.push(() => stripe.stop());
  stripe.addAccount({
    accountId: 'acct_outbound',
    key: KEY,
    livemode: false,
    permissions: ['rak_balance_read'],
  });
  return stripe;
}

/** Makes the call with the proxy's certificate trusted. */
async function call(proxy: ConnectProxy, settings: Settings, request: object): Promise<unknown> {
  const certificate = join(await temporaryFolder(), 'ca.pem');
  await writeFile(certificate, proxy.certificate);
  const program = runProgram('test/support/outbound-client.js', [JSON.stringify(request)], {
    NODE_EXTRA_CA_CERTS: certificate,
    ...settings,
  });
  await program.exit();
  try {
    return JSON.parse(program.stdout);
  } catch {
    throw new Error(`no answer: ${program.stdout}${program.stderr}`);
  }
}

const STRIPE = `https://stripe.${PROXIED_DOMAIN}`;

describe.each(['question', 'client'])('a %s to Stripe', (kind) => {
  const request = { call: kind, address: STRIPE, key: KEY };

  it('goes through the proxy that HTTPS_PROXY names', async () => {
    const proxy = await proxyTo((await startStripe()).url);
    const answer = await call(proxy, { HTTPS_PROXY: proxy.url }, request);
    expect(answer).toMatchObject({ result: { object: 'balance', livemode: false } });
    expect(proxy.requests).toEqual([{ authority: `stripe.${PROXIED_DOMAIN}:443`, authorization: undefined }]);
  });

  it('gives the proxy the user and the password of its address', async () => {
    const proxy = await proxyTo((await startStripe()).url);
    const address = proxy.url.replace('//', '//user:pass%40word@');
    expect(await call(proxy, { https_proxy: address }, request)).toHaveProperty('result');
    const basic = Buffer.from('user:pass@word').toString('base64');
    expect(proxy.requests).toEqual([expect.objectContaining({ authorization: `Basic ${basic}` })]);
  });

  it('does not go through it where NO_PROXY says so', async () => {
    const proxy = await proxyTo((await startStripe()).url);
    const settings = { HTTPS_PROXY: proxy.url, NO_PROXY: `.${PROXIED_DOMAIN}` };
    expect(await call(proxy, settings, request)).toHaveProperty('error');
    expect(proxy.requests).toEqual([]);
  });

  it('does not go past a proxy that is down', async () => {
    const stripe = await startStripe();
    const proxy = await proxyTo(stripe.url);
    const direct = { ...request, address: stripe.url.replace('http:', 'https:') };
    expect(await call(proxy, { HTTPS_PROXY: 'http://127.0.0.1:1' }, direct)).toHaveProperty('error');
    expect(stripe.requests).toEqual([]);
  });
});

it('takes the metadata of an identity provider through the proxy', async () => {
  const provider = await startIdentityProvider();
  stops.push(() => provider.stop());
  const issuer = `https://issuer.${PROXIED_DOMAIN}`;
  provider.metadata = { issuer, jwks_uri: `${issuer}/keys` };
  const proxy = await proxyTo(provider.issuer);
  const answer = await call(proxy, { HTTPS_PROXY: proxy.url }, { call: 'issuer', address: issuer });
  expect(answer).toEqual({ result: provider.metadata });
  expect(proxy.requests).toHaveLength(1);
});

it.each<[string, () => Promise<LocalKeyService>, string]>([
  ['AWS KMS', startAwsKms, 'endpoint'],
  ['Google Cloud KMS', startGcpKms, 'endpoint'],
  ['Vault', startVaultTransit, 'address'],
])('wraps and unwraps with %s through the proxy', async (_, start, member) => {
  const local = await start();
  stops.push(() => local.stop());
  const proxy = await proxyTo(local.server.url);
  const { vaultToken, vaultNamespace } = local.options;
  const answer = await call(
    proxy,
    // Google's client asks the token server of its credentials by the same rules.
    { ...local.environment, HTTPS_PROXY: proxy.url, NO_PROXY: '127.0.0.1' },
    {
      call: 'key service',
      service: { ...local.key, [member]: `https://keys.${PROXIED_DOMAIN}` },
      vaultToken: vaultToken?.reveal(),
      vaultNamespace,
    },
  );
  expect(answer).toEqual({ result: { opens: true } });
  expect(new Set(proxy.requests.map(({ authority }) => authority))).toEqual(
    new Set([`keys.${PROXIED_DOMAIN}:443`]),
  );
});
