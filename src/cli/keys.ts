import '../node-version.js';

// An older Node cannot even load the rest.
void import('./service-commands.js').then(({ runServiceCommand }) => runServiceCommand('keys'));
