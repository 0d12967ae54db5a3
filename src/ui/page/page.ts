import '../stripe-settings.js';
import { definePage } from './page-parts.js';

definePage();
