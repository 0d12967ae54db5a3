/** What a class offers to others: what stands in for it must offer the same. */
export type PublicOf<T, Except extends keyof T = never> = { [Name in Exclude<keyof T, Except>]: T[Name] };
