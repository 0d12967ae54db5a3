import '../node-version.js';

// An older Node cannot even load the rest.
void import('./commands/webhook-send.js');
