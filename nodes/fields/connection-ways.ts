/** How a message can name the connection: any that can do the work, or some that are ticked. For the browser, too. */
export const NAMED = ["any", "some"] as const;
