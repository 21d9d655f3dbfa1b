/** IDs in the forms that products have, names included, which no simulator gives to anything by itself. */
export const HEX_ID = "0aaaaaaaaaaaaaaa";
export const UUID = "55555555-5555-4555-8555-555555555555";
export const NAME = "Pump 7, hall 2";
