/* What runs in the editor: `sidebar.html` loads this file, and calls what it exports. */

export { addInventory } from "./inventory.js";
