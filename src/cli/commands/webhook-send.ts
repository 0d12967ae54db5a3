import { InvalidArgumentError, Option } from 'commander';
import { readWebhookSendEnv } from '../../app/settings/command-settings.js';
import { DEFAULT_BASE_PATH } from '../../payments/options/payments.options.js';
import { isEventType } from '../../payments/domain/event-type.js';
import { MODES, type Mode } from '../../payments/domain/credentials.js';
import { webhookUrl } from '../../payments/stripe-webhooks/webhook-urls.js';
import { CommandFault } from '../fault.js';
import { action, createProgram, run, say, type Result } from '../program.js';

/** How long the service may take, in milliseconds. */
const DEADLINE_MS = 10_000;

async function send(options: { project: string; mode: Mode; type: string }): Promise<Result> {
  const { publicBaseUrl, webhookSecret } = readWebhookSendEnv();
  if (webhookSecret === undefined) {
    throw new CommandFault('Set WEBHOOK_SECRET to the webhook secret that is stored for the project.');
  }
  // Loaded when needed, since it brings Stripe's SDK.
  const { makeTestEvent } = await import('../../payments/stripe/test-event.js');
  const event = makeTestEvent(options.type, options.mode, webhookSecret);
  const url = webhookUrl({ publicBaseUrl, basePath: DEFAULT_BASE_PATH }, options.project, options.mode);
  const { status, text } = await post(url, event.payload, event.signature);
  const result = { id: event.id, type: options.type, status, answer: text };
  say(`${event.id} ${options.type}`, `${status} ${text}`);
  if (status !== 200) throw new CommandFault('The service did not take it.', result);
  return result;
}

async function post(url: string, body: string, signature: string): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json; charset=utf-8', 'Stripe-Signature': signature },
      body,
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    return { status: response.status, text: await response.text() };
  } catch {
    throw new CommandFault(
      `Nothing answers at ${url}; start the service, or set PUBLIC_BASE_URL or PORT to where it is.`,
    );
  }
}

function eventType(text: string): string {
  if (!isEventType(text)) {
    throw new InvalidArgumentError('It must be a type of event such as invoice.paid.');
  }
  return text;
}

await run(
  createProgram(
    'webhook:send',
    'Sends a made-up event to the service at PUBLIC_BASE_URL, signed with WEBHOOK_SECRET as Stripe would sign it.',
  )
    .requiredOption('--project <id>', 'the project that it is for')
    .addOption(new Option('--mode <mode>', 'which of its modes').choices(MODES).default('test'))
    .option('--type <type>', 'the type of event', eventType, 'invoice.paid')
    .action(action(send)),
);
