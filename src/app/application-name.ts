/** The name that the database shows for a connection. */
export const APPLICATION_NAME = 'nest-stripe-config';
