import { productOf, PRODUCTS, type Product } from "../../src/products.js";
import { MARKS, type TokenRow } from "../admin/answers.js";

export const STATUSES = ["active", "inactive"] as const;

/** What is told of a token, in this order. */
export const PROPERTIES = [
  "name",
  "description",
  "id",
  "kind",
  "status",
  "user",
  "org",
  "access",
  "createdAt",
  "updatedAt",
  "expiresAt",
  "revokedAt",
] as const satisfies readonly (keyof TokenRow)[];

const RESOURCES = (Object.keys(PRODUCTS) as Product[]).flatMap((product) => productOf(product).resources);

/** The texts of the locale whose keys the script puts together. */
export const TEXTS: readonly string[] = [
  ...MARKS.flatMap((mark) => [`mark.${mark}`, `markTitle.${mark}`]),
  ...STATUSES.map((status) => `status.${status}`),
  ...PROPERTIES.map((property) => `property.${property}`),
  ...RESOURCES.map((resource) => `kind.${resource}`),
];
