/** The look of what the script adds to the dialogs, in the colours of the editor's theme. */
export const STYLE = `
.form-row > input[type="checkbox"].input-error + label { color: var(--red-ui-text-color-error); }
.influxdb-why { width: 0; min-width: 100%; box-sizing: border-box; padding-left: 21px; font-size: 12px; color: var(--red-ui-text-color-error); }
.form-horizontal .red-ui-button { --red-ui-workspace-button-color: var(--red-ui-primary-text-color); }
.influxdb-field { display: inline-flex; flex-wrap: wrap; gap: 4px; vertical-align: top; }
.influxdb-field > select { width: auto; }
.influxdb-field > input[data-part="age"] { width: 44px; }
.influxdb-field > input[data-part="date"] { width: 150px; }
.influxdb-field > .red-ui-typedInput-container { flex: 1 1 160px; min-width: 0; margin: 0 !important; }
.influxdb-field > [hidden] { display: none !important; }
.influxdb-hint { flex-basis: 100%; color: var(--red-ui-primary-text-color); }
.red-ui-editableList-container:has(> #influxdb-filters:empty, > [id^="influxdb-table-"]:empty) { display: none; }
.influxdb-filter-row { display: flex; gap: 6px; align-items: flex-start; }
.influxdb-filter-row > select { width: 120px; flex: none; }
.influxdb-filter-row > .influxdb-field > select { width: 102px; }
.influxdb-filter-row > .influxdb-field[data-shown="input"] > select, .influxdb-filter-row > .influxdb-field[data-shown="nothing"] > select { width: auto; }
.influxdb-filter-row > .influxdb-field { flex: 1; min-width: 0; }
.influxdb-filter-row > button { flex: none; margin-top: 4px; }
.influxdb-permission-row { display: flex; flex-wrap: wrap; gap: 2px 8px; align-items: flex-start; }
.influxdb-permission-row > [hidden] { display: none; }
.influxdb-permission-row > select { width: 132px; flex: none; }
.influxdb-permission-row > .influxdb-field { flex: 1 1 120px; min-width: 0; }
.influxdb-permission-row > .influxdb-field > input { width: 100%; }
.form-row .influxdb-permission-row > label { width: auto; flex: none; margin: 8px 0 0; }
.influxdb-permission-row > .influxdb-field[hidden] + label { margin-left: auto; }
.form-row .influxdb-permission-row > label > input { width: auto; margin: -2px 4px 0 0; }
.influxdb-permission-row > button { flex: none; margin-top: 5px; }
.influxdb-permission-row > .influxdb-why { flex-basis: 100%; padding: 0; }
.red-ui-editableList + .influxdb-why { padding: 4px 0 0; }
.influxdb-tokens-line { flex-basis: 100%; margin-top: 4px; font-size: 12px; white-space: pre-line; overflow-wrap: anywhere; color: var(--red-ui-primary-text-color); }
.form-row .influxdb-connections { max-height: 186px; overflow: auto; border: 1px solid var(--red-ui-form-input-border-color); padding: 4px 8px; }
.form-row .influxdb-connections > label { display: flex; gap: 8px; align-items: baseline; width: auto; margin: 0; padding: 2px 0; }
.form-row .influxdb-connections > label[hidden] { display: none; }
.form-row .influxdb-connections input { width: auto; margin: 0; flex: none; }
.influxdb-connections span { overflow-wrap: anywhere; min-width: 0; }
.influxdb-connections small { color: var(--red-ui-primary-text-color); }
.influxdb-tokens-line:empty { display: none; }
.influxdb-tokens-unseen { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); }
.influxdb-tokens-option { display: block; max-width: 420px; white-space: normal; overflow-wrap: anywhere; line-height: 1.3; padding: 2px 0; }
.influxdb-tokens-option > * { display: block; }
.influxdb-tokens-detail { font-size: 12px; color: var(--red-ui-primary-text-color); }
.influxdb-tokens-section { margin: 14px 0 0; padding-top: 10px; border-top: 1px solid var(--red-ui-secondary-border-color); }
.influxdb-tokens-section > summary { padding: 4px 0; font-weight: bold; cursor: pointer; }
.influxdb-tokens-section > summary + .form-row { margin-top: 8px; }
.influxdb-tokens-bar { display: flex; align-items: baseline; justify-content: space-between; gap: 10px; margin: 4px 0 8px; }
.influxdb-tokens-bar > :first-child { flex: 1; overflow-wrap: anywhere; }
.influxdb-tokens-section h4 { margin: 10px 0 4px; font-size: 14px; font-weight: bold; }
.influxdb-tokens-section p { margin: 0 0 6px; }
.influxdb-tokens-failed { color: var(--red-ui-text-color-error); }
.influxdb-tokens-scroll { max-height: 300px; overflow: auto; border: 1px solid var(--red-ui-secondary-border-color); }
.influxdb-tokens-table { width: 100%; border-collapse: collapse; font-size: 12px; line-height: 1.4; }
.influxdb-tokens-table th, .influxdb-tokens-table td { padding: 4px 6px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--red-ui-secondary-border-color); }
.influxdb-tokens-table th { position: sticky; top: 0; white-space: nowrap; background: var(--red-ui-tertiary-background); }
.influxdb-tokens-table tr:last-child td { border-bottom: none; }
.influxdb-tokens-table td { overflow-wrap: anywhere; min-width: 45px; }
.influxdb-tokens-table td:first-child { min-width: 120px; }
.influxdb-tokens-table td.influxdb-tokens-whole { white-space: nowrap; }
.influxdb-tokens-table small { display: block; font-family: var(--red-ui-monospace-font); font-size: 11px; color: var(--red-ui-primary-text-color); }
.influxdb-tokens-mark { display: inline-block; margin: 2px 4px 0 0; padding: 0 5px; border: 1px solid var(--red-ui-secondary-border-color); border-radius: 3px; white-space: nowrap; }
`;
