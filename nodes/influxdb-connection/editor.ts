import { SETTINGS, WRONG } from "./settings.js";

/** The html of the connection, with its settings as they are declared. */
export function withSettings(html: string): string {
  const defaults = Object.entries(SETTINGS).map(
    ([name, { preset }]) => `${name}: {
      value: ${JSON.stringify(preset)},
      validate: function (value, opt) { return influxdbSettings.judge(this, "${name}", value); }
    }`,
  );
  const texts = Object.keys(WRONG).map((key) => `${key}: node._("wrong.${key}")`);
  return `<script type="text/javascript">
influxdbSettings.judge = function (node, name, value) {
  if (influxdbTokens.isVariable(value)) return true;
  var wrong = influxdbSettings.wrongSetting(name, { ...node, [name]: value });
  return wrong === undefined || { ${texts.join(", ")} }[wrong];
};
</script>
${html.replace("/* settings */", () => `${defaults.join(",\n    ")},`)}`;
}
