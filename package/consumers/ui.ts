import { englishTexts, type StripeSettingsElement } from 'nest-stripe-config/ui';

const settings: StripeSettingsElement = document.createElement('stripe-settings');
settings.projectId = '7b0cbb0c-5d0d-4b70-9a5e-2f7a3f1d9c11';
settings.token = () => Promise.resolve('token');
settings.texts = { test: 'Testmodus', store: englishTexts.store };
settings.addEventListener('stripe-settings-change', ({ detail }) => {
  console.log(detail === null);
});
document.body.append(settings);

// @ts-expect-error: there is no such text
settings.texts = { tset: 'Testmodus' };
// @ts-expect-error: there is no such mode
settings.mode = 'production';
