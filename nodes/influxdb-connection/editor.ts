import { SETTINGS, WRONG } from "./settings.js";

/** The html of the connection, with its settings as they are declared. */
export function withSettings(html: string): string {
  const defaults = Object.entries(SETTINGS).map(
    ([name, { preset }]) => `${name}: {
      value: ${JSON.stringify(preset)},
      validate: function (value, opt) {
        return influxdbSettings.judge(this, value, influxdbSettings.wrongSetting("${name}", { ...this, ${name}: value }));
      }
    }`,
  );
  const texts = Object.keys(WRONG).map((key) => `${key}: node._("wrong.${key}")`);
  return `<script type="text/javascript">
influxdbSettings.judge = function (node, value, wrong) {
  if (influxdbTokens.isVariable(value) || wrong === undefined) return true;
  return { ${texts.join(", ")} }[wrong];
};
</script>
${html.replace("/* settings */", () => `${defaults.join(",\n    ")},`)}`;
}
